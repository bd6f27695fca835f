import type { Hostfs } from 'node-hostfs';
import type { Descriptors } from './descriptors.ts';
import type { Multidevs } from './qid-paths.ts';
import { SECURITY_MODELS, type SecurityModel, type SecurityModelName } from './security-model.ts';
import { ShareError } from './share-error.ts';

/** What a local share is made of. */
export interface LocalOptions {
  /** The directory to share; a symbolic link here is followed. */
  readonly path: string;
  readonly securityModel: SecurityModelName;
  /** Whatever would change something is EROFS. */
  readonly readonly?: boolean;
  /** Permission bits on the host of what is created under a mapped model; default 0o600. Others refuse it. */
  readonly fmode?: number;
  /** The same for directories; default 0o700. */
  readonly dmode?: number;
  /** `immediate`: the host begins to write to the disk after each write. By default it takes its time. */
  readonly writeout?: 'immediate';
  /** What to do about other file systems mounted within the directory; default `warn`. */
  readonly multidevs?: Multidevs;
  /** Told what a person should know, in one line. */
  readonly notice?: (line: string) => void;
  /** The descriptors this share may hold; by default it shares those of the process with all others. */
  readonly descriptors?: Descriptors;
  /** The calls of the host; for whoever watches them. */
  readonly hostfs?: Hostfs | undefined;
}

/** The options of a share, with the defaults filled in. */
export interface Settings {
  readonly path: string;
  readonly model: SecurityModel;
  readonly readonly: boolean;
  readonly fmode: number;
  readonly dmode: number;
  readonly writesOut: boolean;
  readonly multidevs: Multidevs;
  readonly notice: (line: string) => void;
  readonly hostfs: Hostfs | undefined;
}

const MODE_BITS = 0o777;

/** @throws ShareError for options that do not go together. */
export function settingsOf(options: LocalOptions): Settings {
  const { path } = options;
  const model: SecurityModel = SECURITY_MODELS[options.securityModel];
  for (const key of ['fmode', 'dmode'] as const) {
    const mode = options[key];
    if (mode === undefined) continue;
    if (model.keptIn === undefined) {
      const remedy = 'leave it out, or use security_model=mapped-xattr or mapped-file';
      throw new ShareError(path, 'wrong options', `${key} goes with the mapped security models alone; ${remedy}`);
    }
    if (!Number.isInteger(mode) || mode < 0 || mode > MODE_BITS) {
      throw new ShareError(path, 'wrong options', `${key} is ${mode}; it goes from 0 to 0777`);
    }
  }
  return {
    path,
    model,
    readonly: options.readonly ?? false,
    fmode: options.fmode ?? 0o600,
    dmode: options.dmode ?? 0o700,
    writesOut: options.writeout === 'immediate',
    multidevs: options.multidevs ?? 'warn',
    notice: options.notice ?? (() => {}),
    hostfs: options.hostfs,
  };
}
