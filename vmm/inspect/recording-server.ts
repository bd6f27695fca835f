/** Serves the page over a recording. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { openTraceFile } from '../../trace/reading/open-trace.ts';
import { RecordingReader } from '../../trace/recording/recording-reader.ts';
import { TraceError } from '../../trace/trace-error.ts';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';
import type { InspectAddress } from './listen.ts';
import { pageFiles } from './page-files.ts';
import { type PageServer, servePage } from './page-server.ts';

/** Longest file: the page has it in memory. */
const MOST_BYTES = 2 ** 30;

/**
 * Serves a recording.
 *
 * @throws UsageError where the file is none, or the address cannot be had; HostError where the page is not built
 */
export async function serveRecording(
  file: string,
  address: InspectAddress,
  notice: (line: string) => void,
): Promise<PageServer> {
  const bytes = readRecording(file);
  try {
    const { truncated } = await RecordingReader.open(bytes);
    if (truncated) notice(`inspect: ${file} ends in the middle of an event; what is before it is shown`);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new UsageError(`inspect: ${file} ${await objection(bytes, error)}`, { cause: error });
  }
  return servePage(address, randomBytes(24).toString('base64url'), pageFiles(), { kind: 'recording', bytes });
}

function readRecording(file: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > MOST_BYTES) throw new UsageError(`inspect: ${file} is longer than 1 GiB; record a shorter run`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = errorCode(error);
    const causes: Readonly<Record<string, string>> = { ENOENT: 'does not exist', EISDIR: 'is a directory' };
    throw new UsageError(
      `inspect: ${file} ${causes[code] ?? `cannot be read (${code})`}; name a file that --record wrote`,
    );
  }
}

/** What is wrong with a file, as the end of a sentence: a trace in another format is no damaged recording. */
async function objection(bytes: Uint8Array, { message }: TraceError): Promise<string> {
  async function* whole() {
    yield bytes;
  }
  const format = await openTraceFile(whole()).then(
    (trace) => trace.format,
    () => undefined,
  );
  if (format === undefined || format === 'recording')
    return `cannot be read: ${message}; name a file that --record wrote`;
  return `is a trace (${format}), which does not have everything; name a file that --record wrote`;
}
