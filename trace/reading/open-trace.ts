/** Opens a trace of any format, which it knows by its first bytes. */
import { ByteSource } from '../byte-source.ts';
import { TEXT_HEAD } from '../event-text.ts';
import { openPcapng } from '../pcapng/pcapng-reader.ts';
import { MAGIC } from '../recording/blocks.ts';
import { openRecording } from '../recording/recording-reader.ts';
import { TraceError } from '../trace-error.ts';
import { openJsonLines, openText } from './line-trace.ts';
import type { OpenedTrace } from './opened-trace.ts';

type Opener = (source: ByteSource) => Promise<OpenedTrace>;

const PCAPNG = Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a);
const encoder = new TextEncoder();

/** What each format begins with. */
const BEGINNINGS: readonly (readonly [beginning: Uint8Array, open: Opener])[] = [
  [encoder.encode(TEXT_HEAD.slice(0, 24)), openText],
  [encoder.encode('{'), openJsonLines],
  [PCAPNG, openPcapng],
  [encoder.encode(MAGIC), openRecording],
];

/** Opens a trace. @throws TraceError where it is none, or one that cannot be read. */
export async function openTraceFile(chunks: AsyncIterable<Uint8Array>): Promise<OpenedTrace> {
  const source = new ByteSource(chunks);
  if (await source.atEnd()) throw new TraceError('it is empty');
  const first = await source.peek(24);
  const open = BEGINNINGS.find(([beginning]) => beginning.every((byte, at) => first[at] === byte))?.[1];
  if (open === undefined)
    throw new TraceError(
      'it is no trace, recording or pcapng of tsvmm; the lines of --trace FILE alone are not read, those of --trace FILE,format=text are',
    );
  return open(source);
}
