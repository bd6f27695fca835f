/** A request through the queue, in the steps a driver takes. */
import { hex } from '../../bytes/register-text.ts';
import { readFrame } from '../compose/frame.ts';
import type { Bench } from '../rig/bench.ts';
import { ringDescriptors } from '../rig/ram-parts.ts';
import { type DriverRequests, ROOM } from '../rig/requests.ts';
import type { Action, Say } from './action.ts';

/** The queue. @throws RangeError where the driver has none. */
export function queueOf({ requests }: Bench): DriverRequests {
  if (requests === undefined) throw new RangeError('the driver has no queue yet');
  return requests;
}

const noQueue = (bench: Bench) => (bench.requests === undefined ? 'Set up the queue first.' : undefined);

/** Puts a frame into guest RAM and describes it. */
export function place(frame: Uint8Array, room = ROOM): Action {
  return {
    key: 'place',
    title: 'Write the request and its descriptors',
    doc: 'The request goes into a buffer the device reads, behind it stands room for the reply that the device writes. The device does not see it yet.',
    spec: 'virtio 1.2 §2.7.13.1 Placing Buffers Into The Descriptor Table, §2.8.21 Supplying Buffers to The Device',
    obstacle: noQueue,
    run(bench, say) {
      const requests = queueOf(bench);
      const id = requests.place(frame, room);
      say(`Chain ${id}: ${frame.length} bytes to read, room for ${room}.`);
      for (const { index, addr, len, flagNames, nextOrId } of ringDescriptors(requests)) {
        if (len === 0) continue;
        const last = requests.format === 'split' ? `next ${nextOrId}` : `id ${nextOrId}`;
        say(`Descriptor ${index}: addr ${hex(addr)} len ${len} flags ${flagNames.join('|') || 0} ${last}`);
      }
    },
  };
}

/** The rest of the way, and back. */
export const PUBLISH: Action = {
  key: 'publish',
  title: 'Make it available',
  doc: 'Split: the new available index. Packed: the flags of the first descriptor. It is the device’s from here on.',
  spec: 'virtio 1.2 §2.7.13.3 Updating idx, §2.8.21.3 Updating flags',
  obstacle: noQueue,
  run(bench, say) {
    say(queueOf(bench).queue.publish() ? 'The device wants a kick for it.' : 'No kick is wanted, or nothing is new.');
  },
};

/** Rings. */
export const KICK: Action = {
  key: 'kick',
  title: 'Kick',
  doc: 'Write the number of the queue where the device said. It takes what is available and answers.',
  spec: 'virtio 1.2 §2.9 Driver Notifications',
  obstacle: (bench) => (bench.found ? undefined : 'Find the device first.'),
  run: ({ transport }) => transport.kick(0),
};

/** Takes what came back. */
export const TAKE: Action = {
  key: 'take',
  title: 'Read the used ring',
  doc: 'Each used element says which chain came back, and how many bytes the device wrote.',
  spec: 'virtio 1.2 §2.7.14 Receiving Used Buffers From The Device, §2.8.22 Receiving Used Buffers From The Device',
  obstacle: noQueue,
  run(bench, say) {
    if (takeAll(bench, say) === 0) say('Nothing was used.');
  },
};

/** Takes every reply there is; says what each is, and gives how many there were. */
export function takeAll(bench: Bench, say: Say): number {
  const requests = queueOf(bench);
  bench.seen.interrupts = 0;
  let taken = 0;
  for (let back = requests.take(); back !== undefined; back = requests.take()) {
    taken += 1;
    const text = back.reply.length === 0 ? 'nothing' : readFrame(back.reply, bench.conversation.version).text;
    say(`Chain ${back.id} came back with ${back.reply.length} bytes: ${text}`);
    bench.conversation.took(back.frame, back.reply);
  }
  return taken;
}

/** All of it in one: for whoever is past the ring. */
export function send(frame: Uint8Array, room = ROOM): Action {
  const first = place(frame, room);
  return {
    key: 'send',
    title: 'Send',
    doc: 'Place, make available, kick, and read the used ring.',
    spec: first.spec,
    obstacle: noQueue,
    async run(bench, say) {
      await first.run(bench, say);
      if (queueOf(bench).queue.publish()) KICK.run(bench, say);
      await bench.settle();
      await TAKE.run(bench, say);
    },
  };
}
