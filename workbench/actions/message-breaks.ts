/** Requests that are within the rules of the ring and not within those of 9P. */
import { encodeMessage } from '../../ninep/codec.ts';
import { MINIMUM_MSIZE } from '../../ninep/constants.ts';
import { fidNumber, NOFID, NOTAG, tagNumber } from '../../ninep/wire-types.ts';
import type { Bench } from '../rig/bench.ts';
import { ROOM } from '../rig/requests.ts';
import type { Say } from './action.ts';
import type { Break } from './break.ts';
import { KICK, queueOf, takeAll } from './traffic.ts';

const INTRO = 'Plan 9 intro(5)';
const text = (value: string) => new TextEncoder().encode(value);

const VERSION = encodeMessage('Tversion', NOTAG, { msize: MINIMUM_MSIZE, version: '9P2000.L' });
const ATTACH = encodeMessage('Tattach', tagNumber(1), {
  fid: fidNumber(0),
  afid: NOFID,
  uname: text('root'),
  aname: text(''),
  n_uname: 0,
});

type Rule = Pick<Break, 'key' | 'title' | 'doc' | 'spec'>;

/** Sends frames one after the other; each has the room for its reply that stands beside it. */
function messageRule(rule: Rule, frames: () => readonly (readonly [frame: Uint8Array, room: number])[]): Break {
  return {
    ...rule,
    group: 'messages',
    from: 'running',
    async run(bench, say) {
      for (const [frame, room] of frames()) await exchange(bench, say, frame, room);
    },
  };
}

async function exchange(bench: Bench, say: Say, frame: Uint8Array, room: number): Promise<void> {
  const requests = queueOf(bench);
  requests.place(frame, room);
  if (requests.queue.publish()) KICK.run(bench, say);
  await bench.settle();
  takeAll(bench, say);
}

/** The frame with another size in its first four bytes. */
function sized(frame: Uint8Array, size: number): Uint8Array {
  const other = frame.slice();
  new DataView(other.buffer).setUint32(0, size, true);
  return other;
}

/** A Twrite that is one byte longer than the msize agreed on. */
function oneTooLong(): Uint8Array {
  const head = encodeMessage('Twrite', tagNumber(2), {
    fid: fidNumber(0),
    offset: 0n,
    data: { segments: [], length: 0 },
  });
  const length = MINIMUM_MSIZE + 1 - head.length;
  return encodeMessage('Twrite', tagNumber(2), {
    fid: fidNumber(0),
    offset: 0n,
    data: { segments: [new Uint8Array(length)], length },
  });
}

/** Each of them. */
export const MESSAGE_BREAKS: readonly Break[] = [
  messageRule(
    {
      key: 'msize',
      title: 'One byte more than msize',
      doc: `After a Tversion of ${MINIMUM_MSIZE} bytes, a Twrite of ${MINIMUM_MSIZE + 1}.`,
      spec: 'Plan 9 version(5)',
    },
    () => [
      [VERSION, ROOM],
      [oneTooLong(), ROOM],
    ],
  ),
  messageRule(
    {
      key: 'empty',
      title: 'A request of no bytes',
      doc: 'A descriptor of length 0: no header to answer to.',
      spec: INTRO,
    },
    () => [[new Uint8Array(0), ROOM]],
  ),
  messageRule(
    {
      key: 'no-room',
      title: 'No room for a reply',
      doc: 'A chain without anything the device may write.',
      spec: INTRO,
    },
    () => [[VERSION, 0]],
  ),
  messageRule(
    {
      key: 'little-room',
      title: 'Too little room for a reply',
      doc: 'Rversion has 21 bytes, and there is room for 11.',
      spec: INTRO,
    },
    () => [[VERSION, 11]],
  ),
  messageRule(
    {
      key: 'size',
      title: 'A size that is not the size',
      doc: 'The message says it is longer than it is.',
      spec: INTRO,
    },
    () => [[sized(VERSION, VERSION.length + 10), ROOM]],
  ),
  messageRule(
    {
      key: 'order-9p',
      title: 'Attach before Tversion',
      doc: 'A session begins with Tversion.',
      spec: 'Plan 9 version(5)',
    },
    () => [[ATTACH, ROOM]],
  ),
  messageRule(
    { key: 'fid', title: 'A fid nobody has', doc: 'Tclunk of fid 7, which was never made.', spec: 'Plan 9 clunk(5)' },
    () => [
      [VERSION, ROOM],
      [ATTACH, ROOM],
      [encodeMessage('Tclunk', tagNumber(2), { fid: fidNumber(7) }), ROOM],
    ],
  ),
  messageRule(
    {
      key: 'dotdot',
      title: 'Walk out of the share',
      doc: 'Twalk of .. from the root, ten times.',
      spec: 'Plan 9 walk(5)',
    },
    () => [
      [VERSION, ROOM],
      [ATTACH, ROOM],
      [
        encodeMessage('Twalk', tagNumber(2), {
          fid: fidNumber(0),
          newfid: fidNumber(1),
          wname: Array.from({ length: 10 }, () => text('..')),
        }),
        ROOM,
      ],
    ],
  ),
];
