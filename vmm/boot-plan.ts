import type { RootConfig, ShareConfig, VirtualMachineConfig } from './config.ts';
import { initField } from './fixtures/command-line.ts';

/** Mount tags of the machine's own shares; those of users cannot start like this. */
export const OWN_TAG_PREFIX = 'tsvmm.';
export const ROOT_TAG = `${OWN_TAG_PREFIX}root`;
export const CONTROL_TAG = `${OWN_TAG_PREFIX}control`;

/** The directory grafted into the guest's root. */
export const GRAFT_NAME = '.tsvmm';
/** Our init in it, as the guest sees it. */
export const GRAFTED_INIT = `/${GRAFT_NAME}/init`;

/** What a guest is to be told before it starts, beside what the user configured. */
export interface BootWords {
  /** Words for the kernel itself: console, clock, switches this host needs. */
  readonly kernelWords: readonly string[];
  /** The device below /dev that init's shell is on; the first serial port unless given. */
  readonly shellOn?: string | undefined;
  /** The root share, if the guest boots from one. */
  readonly root: RootWords | undefined;
}

/** What the kernel command line says of the root. */
type RootWords = Partial<RootConfig>;

/** What the kernel command line says of the rest: as much of a configuration, wherever its shares come from. */
export interface PlannedConfig
  extends Pick<VirtualMachineConfig, 'append' | 'terminal' | 'session' | 'cwd' | 'announce'> {
  readonly shares?: readonly (Pick<ShareConfig, 'mountTag'> & Partial<ShareConfig>)[];
}

/** True where process 1 is our init: it mounts shares and runs commands or a shell. */
export function runsOurInit(root: RootWords | undefined): boolean {
  return root !== undefined && root.init === undefined;
}

/** True where the words for the kernel name a root themselves, such as a disk's: no share is one then. */
export function namesRoot(append: string | undefined): boolean {
  return /(^|\s)root=/.test(append?.split(/(?:^|\s)--(?:\s|$)/)[0] ?? '');
}

/** Puts the kernel command line together; words after `--` are arguments of init. @spec Linux admin-guide, kernel-parameters */
export function commandLine(config: PlannedConfig, { kernelWords, root, shellOn }: BootWords): string {
  const line = [...kernelWords];
  if (root !== undefined) line.push(...rootWords(root));
  if (config.append) line.push(config.append);
  if (runsOurInit(root)) line.push(...initWords(config, shellOn));
  return line.join(' ');
}

/**
 * How the root is mounted. A read-only root is cached, since its files are read again and again and are not expected to
 * change under a running guest; a writable one is not, since the host may write to it too.
 */
function rootWords({ readonly = true, init }: RootWords): string[] {
  const cache = readonly ? 'loose' : 'mmap';
  return [
    `root=${ROOT_TAG}`,
    'rootfstype=9p',
    `rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=${cache}`,
    readonly ? 'ro' : 'rw',
    quoted(`init=${init ?? GRAFTED_INIT}`),
  ];
}

function initWords(config: PlannedConfig, shellOn: string | undefined): string[] {
  const environment = config.terminal
    ? [quoted(`TERM=${config.terminal.term}`), `ROWS=${config.terminal.rows}`, `COLUMNS=${config.terminal.columns}`]
    : [];
  const mounts = (config.shares ?? []).map((share) => ({ tag: share.mountTag, at: mountPoint(share) }));
  const argumentsOfInit = [
    ...mounts.flatMap(({ tag, at }) => (at === false ? [] : [`mount=${initField(tag)}:${initField(at)}`])),
    ...(config.session === 'shell' ? [] : [`control=${CONTROL_TAG}`]),
    ...(shellOn === undefined || config.session !== 'shell' ? [] : [`terminal=${shellOn}`]),
    ...(config.cwd === undefined ? [] : [`cwd=${initField(config.cwd)}`]),
    ...(config.announce ? ['announce'] : []),
  ];
  return [...environment, '--', ...argumentsOfInit];
}

/** Where init mounts a share. */
export function mountPoint({
  mountTag,
  mountAt,
}: Pick<ShareConfig, 'mountTag'> & Partial<ShareConfig>): string | false {
  return mountAt ?? `/mnt/${mountTag}`;
}

/** The kernel splits its command line at blanks and keeps together what stands in double quotes. */
function quoted(word: string): string {
  return /\s/.test(word) ? `"${word}"` : word;
}
