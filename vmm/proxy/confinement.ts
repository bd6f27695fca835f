import type { Hello } from '../../ninep/backends/proxy/hello.ts';
import { CONFINED } from '../../ninep/backends/proxy/hello.ts';
import type { SecurityModel } from '../export-config.ts';

/**
 * Linux capability numbers a model needs, to keep owners, modes, devices and file capabilities as a client asks. Those that
 * no model needs a helper never has, whoever starts it. @spec Linux capabilities(7)
 */
const CAPABILITIES = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, FSETID: 4, MKNOD: 27, SETFCAP: 31 } as const;

const KEPT: Readonly<Record<SecurityModel, readonly number[]>> = {
  passthrough: Object.values(CAPABILITIES),
  none: [],
  // What these keep beside a file is in files and attributes of the helper's own.
  mapped: [],
  'mapped-xattr': [],
  'mapped-file': [],
};

/** Most descriptors of one helper. */
const MOST_FILES = 65_536;

/** What the launcher is told: confine a program to a directory, with what it needs to run, and become it. */
export function launcherArguments(
  share: { readonly path: string; readonly securityModel: SecurityModel; readonly readonly: boolean },
  readable: readonly string[],
  program: readonly string[],
): string[] {
  return [
    ...['--share', share.path, ...(share.readonly ? [] : ['--writable'])],
    ...readable.flatMap((file) => ['--read', file]),
    ...KEPT[share.securityModel].flatMap((number) => ['--keep', String(number)]),
    ...['--files', String(MOST_FILES), '--parent', String(process.pid)],
    ...['--', ...program],
  ];
}

/** What is missing where this is not in force, in the order in which it matters. */
const LACKS: readonly { readonly bit: number; readonly without: string }[] = [
  { bit: CONFINED.landlock, without: 'Landlock, so it can open what its user can (Linux 5.19 has it)' },
  { bit: CONFINED.seccomp, without: 'a filter for system calls (seccomp)' },
  { bit: CONFINED.noNewPrivs, without: 'no_new_privs' },
];

/** What a helper lacks in confinement, in one line; undefined where it has all that any kernel must have. */
export function lackOf({ confined }: Hello): string | undefined {
  const lacks = LACKS.filter(({ bit }) => (confined & bit) === 0).map(({ without }) => without);
  return lacks.length === 0 ? undefined : `the helper is confined without ${lacks.join(', without ')}`;
}
