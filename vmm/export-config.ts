import type { Backend } from '../ninep/backend.ts';

/**
 * What can be shared, as plain data, whoever it is shared with: a machine's guest or the clients of a socket.
 */

/** How guest ownership and modes map to the host's. @spec QEMU 9psetup, security_model */
export type SecurityModel = 'passthrough' | 'none';

/** What can be asked of an export whatever is behind it. */
export interface ExportLayers {
  /** Clients cannot change anything. Default false. */
  readonly readonly?: boolean;
}

/** A directory of the host. The driver of an export that names none. */
export interface LocalExport extends ExportLayers {
  readonly driver?: 'local';
  /** Directory on the host. */
  readonly path: string;
  /** Default `none`. */
  readonly securityModel?: SecurityModel;
}

/** The tree QEMU's tests expect of its synth driver; a tree of your own is a `BackendExport`. */
export interface SynthExport extends ExportLayers {
  readonly driver: 'synth';
}

/** An empty tree in memory, gone when the share is closed. */
export interface MemoryExport extends ExportLayers {
  readonly driver: 'memory';
}

/** A file system of the program's own: `createSynth`, `createMemory`, or any other `Backend`. It stays the program's to close. */
export interface BackendExport extends ExportLayers {
  readonly driver: 'backend';
  readonly backend: Backend;
}

/** One tree that can be shared. */
export type TreeExport = LocalExport | SynthExport | MemoryExport | BackendExport;

/** Anything that can be shared. */
export type ExportConfig = TreeExport;

/** The name of what is behind an export. */
export type Driver = NonNullable<ExportConfig['driver']>;

/** The configuration of one driver. */
export type ExportOf<D extends Driver> = Extract<ExportConfig, { readonly driver?: D }>;

/** What is behind an export; `local` where it does not say. */
export function driverOf({ driver = 'local' }: ExportConfig): Driver {
  return driver;
}

/** The directories of the host that an export names. */
export function hostPaths(config: ExportConfig): string[] {
  return config.driver === undefined || config.driver === 'local' ? [config.path] : [];
}
