import { gzipSync } from 'node:zlib';
import type { TraceEvent } from '../../trace/event.ts';
import { RecordingTrace } from '../../trace/recording/recording-encoder.ts';

/** A recording of these events, in blocks of about `blockLength` bytes. */
export function recordingOf(events: readonly TraceEvent[], blockLength?: number): Buffer {
  const header = { program: '1.2.3', started: Date.UTC(2026, 0, 31) };
  const encoder = new RecordingTrace(header, (bytes) => gzipSync(bytes), blockLength);
  return Buffer.concat([encoder.head(), ...events.map((one) => encoder.encode(one)), encoder.end()]);
}
