import { describe, expect, test } from '@jest/globals';
import { RingReader, RingWriter, sharedMemory } from './event-ring.ts';
import { RING_LENGTH } from './shared-words.ts';

const ring = () => {
  const memory = sharedMemory();
  return { writer: new RingWriter(memory), reader: new RingReader(memory) };
};

describe('the ring', () => {
  test('gives back what was written, in order, whatever it is', () => {
    const { writer, reader } = ring();
    for (const text of ['one', 'ünï\u2028', '', '\ud83d\ude00']) expect(writer.write(text)).toBe(true);
    expect([reader.read(), reader.read(), reader.read(), reader.read(), reader.read()]).toEqual([
      'one',
      'ünï\u2028',
      '',
      '\ud83d\ude00',
      undefined,
    ]);
    expect(reader.empty).toBe(true);
  });

  test('goes round many times, with pieces that lie across its end', () => {
    const { writer, reader } = ring();
    const length = RING_LENGTH / 3 + 1001;
    for (let round = 0; round < 10; round++) {
      const text =
        String(round)
          .repeat(length)
          .slice(0, length - 1) + (round % 2 === 0 ? 'é' : 'e');
      expect(writer.write(text)).toBe(true);
      expect(reader.read() === text).toBe(true);
    }
  });

  test('takes nothing that does not fit, and everything again once it was read', () => {
    const { writer, reader } = ring();
    const half = 'x'.repeat(RING_LENGTH / 2 - 4);
    expect([writer.write(half), writer.write(half), writer.write('')]).toEqual([true, true, false]);
    expect(reader.read()?.length).toBe(half.length);
    expect([writer.write(half), writer.write('y')]).toEqual([true, false]);
    expect([reader.read() === half, reader.read() === half, reader.read()]).toEqual([true, true, undefined]);
  });
});
