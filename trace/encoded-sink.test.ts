import { expect, test } from '@jest/globals';
import { EncodedSink } from './encoded-sink.ts';
import { TextTrace } from './formats/text-encoder.ts';
import { event } from './test-support/sample-events.ts';

/** A sink whose other side takes bytes as long as `room` is true. */
function sink() {
  const other = { room: true, text: '' };
  const decoder = new TextDecoder();
  const made = new EncodedSink(
    new TextTrace(),
    ({ kind }) => kind !== 'pin',
    (bytes) => {
      if (other.room) other.text += decoder.decode(bytes);
      return other.room;
    },
  );
  const kick = (id: number) => made.take(event(id, 'kick', { queue: id }));
  const lines = () =>
    other.text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().replace(/ +\S+ +\S+ +/, ' '));
  return { other, made, kick, lines };
}

test('what could not be taken is counted, and stands where it is missing', () => {
  const { other, made, kick, lines } = sink();
  kick(1);
  other.room = false;
  kick(2);
  kick(3);
  other.room = true;
  kick(4);
  expect(lines()).toEqual([
    '1 kick             queue 1',
    '3 dropped          2 events from 2 on are missing',
    '4 kick             queue 4',
  ]);
  expect(made.lost).toBe(2);
});

test('what is missing at the end is said at the end', () => {
  const { other, made, kick, lines } = sink();
  other.room = false;
  kick(1);
  kick(2);
  other.room = true;
  made.end();
  expect([lines(), made.lost]).toEqual([['2 dropped          2 events from 1 on are missing'], 2]);
});

test('what is not wanted is neither written nor missing', () => {
  const { other, made, lines } = sink();
  other.room = false;
  made.take(event(1, 'pin', { level: 1 }));
  other.room = true;
  made.end();
  expect([lines(), made.lost]).toEqual([[], 0]);
});
