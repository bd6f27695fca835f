import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { errorCode } from './error-code.ts';

/** What checks may ask of the host; tests answer in its place. */
export interface HostProbe {
  /** As Node names them: `linux`, `x64`. */
  readonly platform: string;
  readonly arch: string;
  /** `20.11.0` and `6.1.0-18-amd64`. */
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  readonly uid: number;
  /** Every group of this process. */
  readonly groups: readonly number[];
  /** Text of a file; undefined where it cannot be read. */
  readText(path: string): string | undefined;
  exists(path: string): boolean;
  /** Why a file cannot be opened for reading and writing, as error code; undefined where it can. */
  openRefusal(path: string): string | undefined;
  /** Why nothing can be made in a directory, as error code; undefined where it can. */
  writeRefusal(path: string): string | undefined;
  /** Owner's group and permission bits; undefined where there is no such file. */
  permissions(path: string): { readonly gid: number; readonly mode: number } | undefined;
  /** Names in a directory; none where there is no such directory. */
  list(path: string): readonly string[];
  /** Bytes free to this user where a path lies; undefined where that is unknown. */
  freeBytes(path: string): number | undefined;
  /** Whether a program is in PATH. */
  hasProgram(name: string): boolean;
  /** Opens /dev/kvm through the addon and returns its API version. Throws what the addon throws. */
  kvmVersion(): Promise<number>;
  /** Instructions of kernel code a second, measured. Throws where nothing is executed. */
  kernelSpeed(accel: 'kvm' | 'software'): Promise<number>;
  /** Loads the addon of the 9P backend. Throws what the addon throws. */
  loadHostfs(): Promise<void>;
}

/** The host this process runs on. */
export function thisHost(): HostProbe {
  return {
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    kernelRelease: release(),
    uid: process.geteuid?.() ?? -1,
    groups: [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1],
    readText: (path) => attempt(() => readFileSync(path, 'utf8')),
    exists: existsSync,
    openRefusal: (path) => refusalOf(() => closeSync(openSync(path, 'r+'))),
    writeRefusal: (path) => refusalOf(() => accessSync(path, constants.W_OK | constants.X_OK)),
    permissions: (path) => attempt(() => statSync(path)),
    list: (path) => attempt(() => readdirSync(path)) ?? [],
    freeBytes: (path) =>
      attempt(() => {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      }),
    hasProgram: (name) =>
      (process.env.PATH ?? '').split(delimiter).some((directory) => {
        const path = join(directory, name);
        return refusalOf(() => accessSync(path, constants.X_OK)) === undefined;
      }),
    kvmVersion: async () => {
      const { Kvm } = await import('node-kvm');
      const kvm = Kvm.open();
      try {
        return kvm.apiVersion;
      } finally {
        kvm.close();
      }
    },
    kernelSpeed: async (accel) => (await import('./speed.ts')).kernelSpeed(accel),
    loadHostfs: async () => {
      const { loadHostfs } = await import('node-hostfs');
      loadHostfs();
    },
  };
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function refusalOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}
