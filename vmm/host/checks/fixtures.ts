import { dirname } from 'node:path';
import { showSize } from '../../options/size.ts';
import { bad, type HostCheck, ok, warn } from '../check.ts';
import type { HostProbe } from '../probe.ts';

const GIB = 2 ** 30;

/** The kernel's sources, unpacked and built. */
const BUILD_SPACE = 4 * GIB;

/** What the doctor knows of the guest kernel and root that tsvmm makes itself. */
export interface FixtureState {
  /** Where they and what they are made from are kept. */
  readonly directory: string;
  /** The kernel, if it is built and up to date. */
  readonly kernel: string | undefined;
  /** What building takes: a program or a header file, and the Debian package it is in. */
  readonly needs: readonly BuildNeed[];
  /** Why it can be neither found nor built here, with the remedy. */
  readonly obstacle?: string;
}

/** One thing building takes. */
export interface BuildNeed {
  /** Name of a program, or absolute path of a file. */
  readonly what: string;
  /** Debian package. */
  readonly from: string;
}

/** What the recipes ask the person to install; further tools they fetch themselves, without root. */
export const KERNEL_BUILD_NEEDS: readonly BuildNeed[] = [
  { what: 'gcc', from: 'gcc' },
  { what: '/usr/include/stdio.h', from: 'libc6-dev' },
  { what: 'make', from: 'make' },
  { what: 'ld', from: 'binutils' },
  { what: 'xz', from: 'xz-utils' },
  { what: 'patch', from: 'patch' },
  { what: 'perl', from: 'perl' },
  { what: 'apt-get', from: 'apt' },
  { what: 'dpkg-deb', from: 'dpkg' },
  { what: 'flock', from: 'util-linux' },
];

/** The cache, and tsvmm's own kernel in it or what building it takes. */
export function fixtureChecks({ directory, kernel, needs, obstacle }: FixtureState): readonly HostCheck[] {
  return [
    {
      check: 'cache',
      look: (host) => {
        const existing = nearestExisting(host, directory);
        const refusal = host.writeRefusal(existing);
        if (refusal !== undefined) {
          return bad(
            `${directory} cannot be written (${refusal})`,
            'set TSVMM_CACHE to a directory that can be written',
          );
        }
        const names = host.list(directory);
        const found = `${directory}: ${names.length === 0 ? 'empty' : names.join(', ')}`;
        const free = host.freeBytes(existing);
        if (kernel !== undefined || free === undefined || free >= BUILD_SPACE) return ok(found);
        return warn(
          `${found}; ${showSize(Math.floor(free / 2 ** 20) * 2 ** 20)} free`,
          `make room: the build takes ${showSize(BUILD_SPACE)}`,
        );
      },
    },
    {
      check: 'guest kernel',
      look: () => {
        if (obstacle !== undefined) return warn(obstacle);
        return kernel === undefined ? warn('not built; the first run builds it', 'npx tsvmm kernel build') : ok(kernel);
      },
    },
    {
      check: 'build packages',
      look: (host) => {
        const missing = needs.filter(({ what }) => !(what.startsWith('/') ? host.exists(what) : host.hasProgram(what)));
        if (missing.length === 0) return ok('all there');
        const found = `missing: ${missing.map(({ what }) => what).join(', ')}`;
        if (kernel !== undefined) return ok(`${found}; not needed, since the kernel is built`);
        return bad(found, `sudo apt-get install ${[...new Set(missing.map(({ from }) => from))].join(' ')}`);
      },
    },
  ];
}

function nearestExisting(host: HostProbe, path: string): string {
  let at = path;
  while (!host.exists(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
