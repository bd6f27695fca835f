import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { ByteSource } from '../byte-source.ts';
import type { TraceEvent } from '../event.ts';
import { all, event, pieces, sampleEvents } from '../test-support/sample-events.ts';
import { RecordingTrace } from './recording-encoder.ts';
import { openRecording, RecordingReader } from './recording-reader.ts';

const HEADER = { program: '1.2.3', started: Date.UTC(2026, 0, 31) };

/** A recording in small blocks. */
function recordingOf(events: readonly TraceEvent[]): Uint8Array {
  const encoder = new RecordingTrace(HEADER, (bytes) => gzipSync(bytes), 8192);
  const parts = [encoder.head(), ...events.map((one) => encoder.encode(one)), encoder.end()];
  return Buffer.concat(parts);
}

/** Events that fill several blocks. */
const MANY = Array.from({ length: 300 }, (_, index) =>
  event(index + 1, 'guest-fault', { message: `${index} ${'x'.repeat(300)}` }, { time: index * 100 }),
);

async function streamed(bytes: Uint8Array) {
  const trace = await openRecording(new ByteSource(pieces(bytes, 10_000)));
  return { trace, events: await all(trace.events) };
}

describe('a recording', () => {
  test('every kind of event comes back, from a file in pieces and from memory', async () => {
    const bytes = recordingOf(sampleEvents());
    const { trace, events } = await streamed(bytes);
    expect(events).toEqual(sampleEvents());
    expect([trace.format, trace.header, trace.truncated]).toEqual(['recording', HEADER, false]);
    const reader = await RecordingReader.open(bytes);
    expect([await all(reader.from()), reader.header, reader.count]).toEqual([
      sampleEvents(),
      HEADER,
      sampleEvents().length,
    ]);
  });

  test('is entered at any time, and unpacks no more than it needs', async () => {
    const bytes = recordingOf(MANY);
    const reader = await RecordingReader.open(bytes);
    expect(reader.count).toBe(300);
    for (const time of [0, 1, 14_950, 15_000, 29_900]) {
      const [first] = await all(reader.from(time));
      expect(first?.time).toBe(Math.ceil(time / 100) * 100);
      expect((await all(reader.from(time))).length).toBe(300 - Math.ceil(time / 100));
    }
    expect(await all(reader.from(29_901))).toEqual([]);
    // With its first blocks gone to waste it still gives the last ones.
    const damaged = bytes.slice();
    const second = damaged.findIndex((_, at) => at > 100 && damaged[at] === 0x1f && damaged[at + 1] === 0x8b);
    damaged.fill(0, second + 20, second + 60);
    const late = await all((await RecordingReader.open(damaged)).from(29_000));
    expect(late.map(({ id }) => id)).toEqual([291, 292, 293, 294, 295, 296, 297, 298, 299, 300]);
  });

  test('is much smaller than what it holds', () => {
    const plain = MANY.reduce((sum, { fields }) => sum + (fields as { message: string }).message.length, 0);
    expect(recordingOf(MANY).length).toBeLessThan(plain / 5);
  });

  test.each([0.4, 0.7, 0.99])('a run that was killed is read as far as it goes (%d of it)', async (part) => {
    const bytes = recordingOf(MANY);
    const { trace, events } = await streamed(bytes.subarray(0, Math.floor(bytes.length * part)));
    expect(trace.truncated).toBe(true);
    expect(events).toEqual(MANY.slice(0, events.length));
    const reader = await RecordingReader.open(bytes.subarray(0, Math.floor(bytes.length * part)));
    expect([reader.truncated, reader.count, (await all(reader.from())).length]).toEqual([
      true,
      events.length,
      events.length,
    ]);
  });

  const damaged: [string, (bytes: Uint8Array) => Uint8Array, string][] = [
    ['an empty file', () => new Uint8Array(0), 'it does not begin as a recording does'],
    ['another file', (bytes) => bytes.fill(0x20, 0, 8), 'it does not begin as a recording does'],
    ['a later version', (bytes) => bytes.fill(9, 8, 9), 'it is a recording of version 9; this tsvmm reads version 1'],
    ['no whole block', (bytes) => bytes.subarray(0, 30), 'there is no whole block in it'],
    ['a block without end', (bytes) => bytes.fill(0xff, 12, 16), 'a block says it is longer than any of ours'],
    [
      'a block that unpacks to more than it says',
      (bytes) => bytes.fill(1, 16, 17),
      'a block cannot be unpacked: it is longer than it says',
    ],
    ['a block that is no gzip', (bytes) => bytes.fill(0, 40, 60), 'a block cannot be unpacked'],
  ];
  test.each(damaged)('refuses %s', async (_, damage, message) => {
    const bytes = damage(recordingOf(sampleEvents()));
    const failure = expect.objectContaining({ name: 'TraceError', message: expect.stringContaining(message) });
    await expect(streamed(bytes)).rejects.toEqual(failure);
    await expect(RecordingReader.open(bytes)).rejects.toEqual(failure);
  });

  test('a bomb is not unpacked', async () => {
    const bytes = recordingOf([event(1, 'guest-fault', { message: ' '.repeat(40 * 2 ** 20) })]);
    expect(bytes.length).toBeLessThan(2 ** 17);
    // It says it has 1000 bytes.
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 1000, true);
    const before = process.memoryUsage().arrayBuffers;
    await expect(streamed(bytes)).rejects.toMatchObject({ name: 'TraceError' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 ** 20);
  }, 300_000);
});
