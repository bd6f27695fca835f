import { createWriteStream, openSync } from 'node:fs';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';

/** Where the lines of a qtest session are written down: R received, S sent, I what happened to the socket. */
export interface QtestLog {
  line(kind: 'R' | 'S' | 'I', text: string): void;
  close(): void;
}

/** Opens a log, made anew; `none` keeps none. Throws UsageError where the file cannot be written. */
export function openQtestLog(path: string): QtestLog {
  if (path === 'none') return { line() {}, close() {} };
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`--qtest-log: ${path} cannot be written (${errorCode(error)}); name another file, or none`);
  }
  const file = createWriteStream(path, { fd: descriptor });
  // A log that cannot be written any more is no reason to end the machine.
  file.on('error', () => {});
  const began = performance.now();
  return {
    line(kind, text) {
      file.write(`[${kind} +${((performance.now() - began) / 1000).toFixed(6)}] ${text}\n`);
    },
    close: () => void file.end(),
  };
}
