import { createWriteStream, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';

/** Where trace lines go. */
export interface TraceOutput {
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
  /** Settles once every line is written. */
  close(): Promise<void>;
}

/**
 * Opens where the trace goes: a file, which is made anew, or with `true` the given stream. Throws UsageError where the
 * file cannot be written.
 */
export function openTrace(target: string | true, stderr: Writable): TraceOutput {
  if (target === true) return { write: (line) => stderr.write(`${line}\n`), close: () => Promise.resolve() };
  let failure: Error | undefined;
  const file = createWriteStream(target, { fd: openForWriting(target) });
  file.on('error', (error) => {
    failure ??= error;
  });
  return {
    write: (line) => {
      if (failure === undefined) file.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => (failure === undefined ? file.end(() => resolve()) : resolve())),
  };
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const code = errorCode(error);
    const cause = CAUSES[code] ?? `cannot be written (${code})`;
    throw new UsageError(`--trace: ${path} ${cause}; name a file that can be written, or none for stderr`);
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'lies in a directory that does not exist',
  ENOTDIR: 'lies in something that is no directory',
  EISDIR: 'is a directory',
  EACCES: 'may not be written by this user',
  EROFS: 'lies on a read-only file system',
  ENOSPC: 'finds no space left on its disk',
};
