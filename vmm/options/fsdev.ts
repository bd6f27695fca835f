import { UsageError } from '../usage-error.ts';
import { remedyFor } from './nearest.ts';
import { type OptionPair, splitOptionString } from './option-string.ts';
import { type OptionTable, type OptionValues, readPairs } from './option-table.ts';
import { THROTTLING } from './throttling.ts';
import { fileMode, identifier, integer, mountTag, oneOf, onOff, text } from './value-type.ts';

const id = { type: identifier, doc: 'name of the file system device' } as const;
const readonly = { type: onOff, doc: 'on: the guest cannot change anything (default off)' } as const;
const writeout = {
  type: oneOf('immediate'),
  doc: 'start writing to the disk after each write of the guest',
} as const;

/** How guest ownership maps to the host's: the same row wherever a directory is named. */
export const SECURITY_MODEL = {
  type: oneOf('none', 'passthrough', 'mapped-xattr', 'mapped-file', 'mapped'),
  doc: 'how owners and modes of the guest map to the host (default none)',
} as const;

const LOCAL = {
  path: { type: text('PATH'), doc: 'the directory to share', required: true },
  security_model: SECURITY_MODEL,
  readonly,
  writeout,
  multidevs: {
    type: oneOf('warn', 'remap', 'forbid'),
    doc: 'what to do about other file systems within the share (default warn)',
  },
  fmode: { type: fileMode, doc: 'mode of new files under the mapped models (default 0600)' },
  dmode: { type: fileMode, doc: 'mode of new directories under the mapped models (default 0700)' },
  ...THROTTLING,
} as const;

const SYNTH = { id, readonly } as const;

const PROXY = {
  id,
  socket: { type: text('PATH'), doc: 'socket of the helper' },
  sock_fd: { type: integer(0, 2 ** 31 - 1), doc: 'descriptor of a socket to the helper' },
  readonly,
  writeout,
} as const;

/** The keys of `--fsdev local`. @spec QEMU 9psetup, -fsdev */
export const FSDEV_LOCAL = { id: { ...id, required: true }, ...LOCAL } as const;

/** The keys of `--virtfs local`: those of `--fsdev` and of its device. @spec QEMU 9psetup, -virtfs */
export const VIRTFS_LOCAL = {
  id,
  mount_tag: { type: mountTag, doc: 'what the guest mounts it by, 1 to 31 bytes', required: true },
  ...LOCAL,
} as const;

/** A file system driver of QEMU's, with the keys it takes. */
interface FsdevDriver {
  readonly doc: string;
  readonly table: OptionTable;
  readonly notYet?: true;
}

/** The file system drivers, by the word that begins `--virtfs` and `--fsdev`. @spec QEMU 9psetup, -fsdev */
export const FSDEV_DRIVERS: Readonly<Record<string, FsdevDriver>> = {
  local: { doc: 'a directory of the host', table: FSDEV_LOCAL },
  synth: { doc: 'a tree in memory, for tests', table: SYNTH, notYet: true },
  proxy: { doc: 'a directory of the host, served by a helper process', table: PROXY, notYet: true },
};

/** Reads the value of `--virtfs`. Throws UsageError. */
export function parseVirtfs(string: string): OptionValues<typeof VIRTFS_LOCAL> {
  return checkModes('--virtfs', parseWithDriver('--virtfs', VIRTFS_LOCAL, string));
}

/** Reads the value of `--fsdev`. Throws UsageError. */
export function parseFsdev(string: string): OptionValues<typeof FSDEV_LOCAL> {
  return checkModes('--fsdev', parseWithDriver('--fsdev', FSDEV_LOCAL, string));
}

/** What fmode and dmode take to mean something. */
interface ModeValues {
  readonly security_model?: string;
  readonly fmode?: number;
  readonly dmode?: number;
}

function checkModes<V extends ModeValues>(option: string, values: V): V {
  if (values.security_model?.startsWith('mapped')) return values;
  for (const key of ['fmode', 'dmode'] as const) {
    if (values[key] === undefined) continue;
    const remedy = 'leave it out, or add security_model=mapped-xattr';
    throw new UsageError(`${option}: ${key} goes with the mapped security models alone; ${remedy}`);
  }
  return values;
}

function parseWithDriver<const T extends OptionTable>(option: string, local: T, string: string): OptionValues<T> {
  const [first, ...pairs] = splitOptionString(string);
  const wrong = first === undefined ? undefined : wrongDriver(first);
  if (wrong !== undefined) throw new UsageError(`${option}: ${wrong}`);
  return readPairs(local, pairs, {
    option,
    elsewhere: (key) => {
      if (key === 'mount_tag') return 'mount_tag belongs to the device: --device virtio-9p-pci,fsdev=ID,mount_tag=TAG';
      const owner = Object.keys(FSDEV_DRIVERS).find((name) => Object.hasOwn(FSDEV_DRIVERS[name]?.table ?? {}, key));
      return owner === undefined ? undefined : `${key} belongs to driver ${owner}, not to local`;
    },
  });
}

function wrongDriver(first: OptionPair): string | undefined {
  const isNamed = first.key === 'fsdriver';
  const given = isNamed ? (first.value ?? '') : first.key;
  if (!isNamed && first.value !== undefined) {
    if (given.includes(',')) return `one comma follows the driver: write ${given}=${first.value}`;
    return `begins with '${given}=' instead of a driver; write local,${given}=${first.value}`;
  }
  if (given === '') return 'lacks the driver it begins with; write local,path=PATH';
  const driver = Object.hasOwn(FSDEV_DRIVERS, given) ? FSDEV_DRIVERS[given] : undefined;
  if (driver?.notYet) return `driver ${given} is not supported yet; use local`;
  if (driver !== undefined) return undefined;
  return `unknown driver '${given}'; ${remedyFor(given, Object.keys(FSDEV_DRIVERS), 'driver')}`;
}
