import type { Backend } from '../ninep/backend.ts';
import type { IdRange } from '../ninep/layers/id-map/id-ranges.ts';
import type { QuotaLimits } from '../ninep/layers/quota/ledger.ts';
import type { Throttling } from '../ninep/layers/throttle/limits.ts';

/**
 * What can be shared, as plain data, whoever it is shared with: a machine's guest or the clients of a socket.
 */

/** How guest ownership and modes map to the host's. @spec QEMU 9psetup, security_model */
export type SecurityModel = 'passthrough' | 'none' | 'mapped-xattr' | 'mapped-file' | 'mapped';

/** What can be asked of a share as a whole. */
export interface Countable {
  /** Count messages, for `counters()` of the machine and for clients in the file `.tsvmm/counters`. Default false. */
  readonly counters?: boolean;
}

/** What can be asked of a tree whatever is behind it. */
export interface TreeLayers extends Countable {
  /** Clients cannot change anything. Default false. */
  readonly readonly?: boolean;
  /** Limits on reads and writes; default none. */
  readonly throttling?: Throttling;
  /** Users as clients know them, and as they are on the host; default the same numbers. */
  readonly uidMap?: readonly IdRange[];
  /** Groups likewise. */
  readonly gidMap?: readonly IdRange[];
}

/** What can be asked of a tree that stores what clients write. */
export interface StoringLayers extends TreeLayers {
  /** The most that clients can store, counting what is there; default no limit of ours. */
  readonly quota?: QuotaLimits;
}

/** A directory of the host. The driver of an export that names none. */
export interface LocalExport extends StoringLayers {
  readonly driver?: 'local';
  /** Directory on the host. */
  readonly path: string;
  /** Default `none`. */
  readonly securityModel?: SecurityModel;
  /** Permission bits on the host of files that clients make, under the mapped models alone. Default 0o600. */
  readonly fmode?: number;
  /** The same for directories. Default 0o700. */
  readonly dmode?: number;
  /** `immediate`: the host begins to write to the disk after each write of a client. */
  readonly writeout?: 'immediate';
  /**
   * What to do about other file systems mounted within the directory: `warn`, the default, shows a notice; `remap` gives
   * every file an inode number of its own that stays the same; `forbid` hides them.
   */
  readonly multidevs?: 'warn' | 'remap' | 'forbid';
}

/** The tree QEMU's tests expect of its synth driver; a tree of your own is a `BackendExport`. */
export interface SynthExport extends TreeLayers {
  readonly driver: 'synth';
}

/** An empty tree in memory, gone when the share is closed; 256 MiB and 65,536 inodes unless it has a quota. */
export interface MemoryExport extends StoringLayers {
  readonly driver: 'memory';
}

/** A file system of the program's own: `createSynth`, `createMemory`, or any other `Backend`. It stays the program's to close. */
export interface BackendExport extends StoringLayers {
  readonly driver: 'backend';
  readonly backend: Backend;
}

/** A directory that a helper process serves, confined to it: one started for this share, or one that is there already. */
export interface ProxyExport extends StoringLayers {
  readonly driver: 'proxy';
  /** Directory on the host, for a helper of its own. One of this, `socket` and `sockFd` is given. */
  readonly path?: string;
  /** Socket of a helper that `tsvmm proxy-helper` serves. */
  readonly socket?: string;
  /** Descriptor of a socket that is connected to a helper. */
  readonly sockFd?: number;
  /** Of a helper of its own; default `none`. */
  readonly securityModel?: SecurityModel;
  /** Refuse a helper that is not confined by Landlock and seccomp. Default false: one notice says what is missing. */
  readonly strict?: boolean;
}

/** One tree that can be shared. */
export type TreeExport = ProxyExport | LocalExport | SynthExport | MemoryExport | BackendExport;

/** Several trees behind one device, each mounted by its aname. */
export interface ExportsExport extends Countable {
  readonly driver: 'exports';
  /** The trees by their anames, at least one; one object may stand under two names. */
  readonly exports: Readonly<Record<string, TreeExport>>;
  /** Whom a mount without an aname gets; the first unless given. */
  readonly byDefault?: string;
}

/** Anything that can be shared. */
export type ExportConfig = TreeExport | ExportsExport;

/** The name of what is behind an export. */
export type Driver = NonNullable<ExportConfig['driver']>;

/** The configuration of one driver. */
export type ExportOf<D extends Driver> = Extract<ExportConfig, { readonly driver?: D }>;

/** What is behind an export; `local` where it does not say. */
export function driverOf<D extends Driver>({ driver }: { readonly driver?: D }): D | 'local' {
  return driver ?? 'local';
}

/** The trees of an export. */
export function treesOf(config: ExportConfig): readonly TreeExport[] {
  return config.driver === 'exports' ? Object.values(config.exports) : [config];
}

/** The directories of the host that an export names. */
export function hostPaths(config: ExportConfig): string[] {
  return treesOf(config).flatMap((tree) => ('path' in tree && tree.path !== undefined ? [tree.path] : []));
}
