import { MESSAGES } from '../../ninep/messages.ts';
import type { Random } from '../support/random.ts';

/** Changes to bytes, and to frames, that whoever reads them may stumble over. */

const TYPES = MESSAGES.map(({ type }) => type);
const NUMBERS = [0, 1, 7, 8, 16, 17, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const LONGEST = 600;
const NEWEST = 8;

type Mutation = (frame: Uint8Array, random: Random, corpus: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  function setByte(frame, random) {
    frame[random.below(frame.length)] = random.below(256);
    return frame;
  },
  function flipBit(frame, random) {
    const at = random.below(frame.length);
    frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8));
    return frame;
  },
  function setNumber(frame, random) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const value = random.pick(NUMBERS);
    if (random.oneIn(2) && frame.length >= 4) view.setUint32(random.below(frame.length - 3), value, true);
    else if (frame.length >= 2) view.setUint16(random.below(frame.length - 1), value, true);
    return frame;
  },
  function cut(frame, random) {
    return frame.slice(0, random.below(frame.length + 1));
  },
  function remove(frame, random) {
    const at = random.below(frame.length);
    const end = Math.min(frame.length, at + 1 + random.below(8));
    return Uint8Array.from([...frame.subarray(0, at), ...frame.subarray(end)]);
  },
  function insert(frame, random) {
    const at = random.below(frame.length + 1);
    const more = Uint8Array.from({ length: 1 + random.below(random.oneIn(8) ? 100 : 8) }, () => random.below(256));
    return Uint8Array.from([...frame.subarray(0, at), ...more, ...frame.subarray(at)]);
  },
  function splice(frame, random, corpus) {
    const other = random.pick(corpus);
    const at = random.below(frame.length + 1);
    return Uint8Array.from([...frame.subarray(0, at), ...other.subarray(random.below(other.length + 1))]);
  },
];

/** Bytes made of some of the corpus by a few changes. */
export function mutateBytes(
  random: Random,
  corpus: readonly Uint8Array[],
  mutations: readonly Mutation[] = MUTATIONS,
): Uint8Array {
  // What was found last is what the next step starts from.
  let bytes: Uint8Array = random.pick(random.oneIn(2) ? corpus.slice(-NEWEST) : corpus).slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    if (bytes.length === 0) bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0);
    bytes = random.pick(mutations)(bytes, random, corpus);
  }
  return bytes.length > LONGEST ? bytes.slice(0, LONGEST) : bytes;
}

const FRAME_MUTATIONS: readonly Mutation[] = [
  ...MUTATIONS,
  function setType(frame, random) {
    if (frame.length > 4) frame[4] = random.oneIn(8) ? random.below(256) : random.pick(TYPES);
    return frame;
  },
];

/** A frame made of one of the corpus by a few changes; its size field is mostly put right again. */
export function mutateFrame(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const frame = mutateBytes(random, corpus, FRAME_MUTATIONS);
  if (frame.length >= 4 && !random.oneIn(10))
    new DataView(frame.buffer, frame.byteOffset).setUint32(0, frame.length, true);
  return frame;
}
