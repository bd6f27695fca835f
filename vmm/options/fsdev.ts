import type { Driver, ExportConfig } from '../export-config.ts';
import { UsageError } from '../usage-error.ts';
import { describeExports, EXPORTS, type FindExport } from './exports.ts';
import { readStoringLayers, readTreeLayers, STORING_LAYERS, TREE_LAYERS } from './layers.ts';
import { remedyFor } from './nearest.ts';
import { type OptionPair, splitOptionString } from './option-string.ts';
import { type OptionTable, type OptionValues, readPairs } from './option-table.ts';

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
  ...STORING_LAYERS,
} as const;

const MEMORY = { readonly, ...STORING_LAYERS } as const;
const SYNTH = { readonly, ...TREE_LAYERS } as const;

const PROXY = {
  path: { type: text('PATH'), doc: 'the directory to share through a helper of its own' },
  socket: { type: text('PATH'), doc: 'socket of a helper started by tsvmm proxy-helper' },
  sock_fd: { type: integer(0, 2 ** 31 - 1), doc: 'descriptor of a socket that is connected to a helper' },
  security_model: SECURITY_MODEL,
  readonly,
  strict: { type: onOff, doc: 'on: refuse a helper that Landlock and seccomp do not confine (default off)' },
  writeout,
  ...STORING_LAYERS,
} as const;

/** A file system driver: the keys it takes beside those of the device, and what they describe. */
interface FsdevDriver {
  readonly doc: string;
  readonly table: OptionTable;
  /** What the values of the table describe, or RangeError, one line; absent where the driver is not built. */
  readonly describe?: (values: OptionValues<OptionTable>, find: FindExport) => ExportConfig;
}

/** One row of the drivers, whose `describe` gets the values of its own table. */
function driver<const T extends OptionTable>(
  doc: string,
  table: T,
  describe: (values: OptionValues<T>, find: FindExport) => ExportConfig,
): FsdevDriver {
  return { doc, table, describe: describe as (values: OptionValues<OptionTable>, find: FindExport) => ExportConfig };
}

/** The file system drivers, by the word that begins `--virtfs` and `--fsdev`. @spec QEMU 9psetup, -fsdev */
export const FSDEV_DRIVERS = {
  local: driver('a directory of the host', LOCAL, (values) => ({
    path: values.path,
    ...given('securityModel', values.security_model),
    ...given('readonly', values.readonly),
    ...readModes(values),
    ...given('writeout', values.writeout),
    ...given('multidevs', values.multidevs),
    ...readStoringLayers(values),
  })),
  memory: driver('an empty tree in memory, gone with the machine', MEMORY, (values) => ({
    driver: 'memory',
    ...given('readonly', values.readonly),
    ...readStoringLayers(values),
  })),
  synth: driver("the tree in memory that QEMU's tests use", SYNTH, (values) => ({
    driver: 'synth',
    ...given('readonly', values.readonly),
    ...readTreeLayers(values),
  })),
  exports: driver('several of the others behind one device, for mounts with aname=', EXPORTS, describeExports),
  proxy: driver('a directory of the host, served by a helper process that is confined to it', PROXY, (values) => {
    requireOneHelper(values);
    return {
      driver: 'proxy',
      ...given('path', values.path),
      ...given('socket', values.socket),
      ...given('sockFd', values.sock_fd),
      ...given('securityModel', values.security_model),
      ...given('readonly', values.readonly),
      ...given('strict', values.strict),
      ...readStoringLayers(values),
    };
  }),
} as const satisfies Readonly<Record<Exclude<Driver, 'backend'>, FsdevDriver>>;

/** Throws RangeError, one line, unless just one way to a helper is given, with what belongs to it. */
function requireOneHelper({ path, socket, sock_fd, security_model }: OptionValues<typeof PROXY>): void {
  const given = Object.entries({ path, socket, sock_fd }).filter(([, value]) => value !== undefined);
  const [first, second] = given.map(([key]) => key);
  if (first === undefined) throw new RangeError('path is missing; add path=PATH, or socket=PATH of a helper');
  if (second !== undefined) throw new RangeError(`${first} and ${second} exclude each other; give one`);
  if (path === undefined && security_model !== undefined) {
    throw new RangeError('security_model is the choice of who starts the helper; give it to tsvmm proxy-helper');
  }
}

/** Throws RangeError, one line, for modes that the security model has no use for. */
function readModes({ security_model, fmode, dmode }: OptionValues<typeof LOCAL>) {
  const modes = { ...given('fmode', fmode), ...given('dmode', dmode) };
  const [key] = Object.keys(modes);
  if (key === undefined || security_model?.startsWith('mapped')) return modes;
  const remedy = 'leave it out, or add security_model=mapped-xattr';
  throw new RangeError(`${key} goes with the mapped security models alone; ${remedy}`);
}

type DriverName = keyof typeof FSDEV_DRIVERS;

const FSDEV_KEYS = { id: { ...id, required: true } } as const;
const VIRTFS_KEYS = {
  id,
  mount_tag: { type: mountTag, doc: 'what the guest mounts it by, 1 to 31 bytes', required: true },
} as const;

/** The keys of `--fsdev DRIVER`. @spec QEMU 9psetup, -fsdev */
export function fsdevTable(name: DriverName): OptionTable {
  return { ...FSDEV_KEYS, ...FSDEV_DRIVERS[name].table };
}

/** The keys of `--virtfs DRIVER`: those of `--fsdev` and of its device. @spec QEMU 9psetup, -virtfs */
export function virtfsTable(name: DriverName): OptionTable {
  return { ...VIRTFS_KEYS, ...FSDEV_DRIVERS[name].table };
}

/** What `--virtfs` describes: an export and the device before it. */
export interface Virtfs {
  readonly exported: ExportConfig;
  readonly mountTag: string;
  readonly id?: string;
}

/** What `--fsdev` describes: an export, and the name a device finds it by. */
export interface Fsdev {
  readonly exported: ExportConfig;
  readonly id: string;
}

/** Reads the value of `--virtfs`; `find` knows the `--fsdev`s it may refer to. Throws UsageError. */
export function parseVirtfs(string: string, find: FindExport = findNone): Virtfs {
  const { name, pairs } = splitDriver('--virtfs', string);
  const { values, exported } = readExport('--virtfs', name, VIRTFS_KEYS, pairs, find);
  return { exported, mountTag: values.mount_tag, ...given('id', values.id) };
}

/** Reads the value of `--fsdev`; `find` knows the others. Throws UsageError. */
export function parseFsdev(string: string, find: FindExport = findNone): Fsdev {
  const { name, pairs } = splitDriver('--fsdev', string);
  const { values, exported } = readExport('--fsdev', name, FSDEV_KEYS, pairs, find);
  return { exported, id: values.id };
}

/** Whether the value of an `--fsdev` refers to others. Throws UsageError. */
export function refersToOthers(string: string): boolean {
  return splitDriver('--fsdev', string).name === 'exports';
}

function findNone(id: string): never {
  throw new RangeError(`of: no --fsdev has id=${id}; add --fsdev local,id=${id},path=PATH`);
}

function readExport<const T extends OptionTable>(
  option: string,
  name: DriverName,
  keys: T,
  pairs: readonly OptionPair[],
  find: FindExport,
): { values: OptionValues<T>; exported: ExportConfig } {
  const { table, describe }: FsdevDriver = FSDEV_DRIVERS[name];
  if (describe === undefined) throw new UsageError(`${option}: driver ${name} is not supported yet; use local`);
  const values = readPairs({ ...keys, ...table }, pairs, { option, elsewhere: (key) => ownerOf(key, name) });
  try {
    return { values: values as OptionValues<T>, exported: describe(values, find) };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${option}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Why a key is refused that the driver `name` lacks: it belongs somewhere else. */
function ownerOf(key: string, name: DriverName): string | undefined {
  if (key === 'mount_tag') return 'mount_tag belongs to the device: --device virtio-9p-pci,fsdev=ID,mount_tag=TAG';
  const owner = Object.entries(FSDEV_DRIVERS).find(([, { table }]) => Object.hasOwn(table, key))?.[0];
  return owner === undefined ? undefined : `${key} belongs to driver ${owner}, not to ${name}`;
}

/** Takes the driver off the beginning. Throws UsageError. */
function splitDriver(option: string, string: string): { name: DriverName; pairs: readonly OptionPair[] } {
  const [first, ...pairs] = splitOptionString(string);
  const isNamed = first?.key === 'fsdriver';
  const word = (isNamed ? first.value : first?.key) ?? '';
  if (isDriver(word) && (isNamed || first?.value === undefined)) return { name: word, pairs };
  throw new UsageError(`${option}: ${wrongDriver(word, isNamed ? undefined : first?.value)}`);
}

function isDriver(word: string): word is DriverName {
  return Object.hasOwn(FSDEV_DRIVERS, word);
}

function wrongDriver(word: string, value: string | undefined): string {
  if (value !== undefined) {
    if (word.includes(',')) return `one comma follows the driver: write ${word}=${value}`;
    return `begins with '${word}=' instead of a driver; write local,${word}=${value}`;
  }
  if (word === '') return 'lacks the driver it begins with; write local,path=PATH';
  return `unknown driver '${word}'; ${remedyFor(word, Object.keys(FSDEV_DRIVERS), 'driver')}`;
}

/** A property for a value that was given, and none for one that was not. */
function given<const K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
