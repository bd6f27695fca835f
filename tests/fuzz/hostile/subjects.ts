import type { Defer } from '../../../devices/ports.ts';
import type { VirtioDevice } from '../../../devices/virtio/device.ts';
import { RngDevice } from '../../../devices/virtio/rng-device.ts';
import type { Random } from '../../support/random.ts';
import { BlkSubject } from './blk-subject.ts';
import { ConsoleSubject } from './console-subject.ts';
import { P9Subject } from './p9-subject.ts';

/** A device to be fuzzed, with what is behind it. */
export interface Subject {
  readonly device: VirtioDevice;
  /** A request as a driver of it makes them, mostly a good one. */
  request(random: Random): Request;
  /** Lets something go on that the device waits for; false when it waits for nothing. */
  release(random: Random): boolean;
  /** A request that works in any state, and what is wrong with the answer, if anything is. */
  readonly probe: Request & { judge(answer: Uint8Array): string | undefined };
  /** Queues that are looked at only when the device has something for them; a ring alone makes it look at the others. */
  readonly onDemand?: readonly number[];
  /** What is left behind after a reset that should not be, or undefined. */
  leaked(): string | undefined;
}

/** One chain: which queue, what the device reads, and how much it may write. */
export interface Request {
  readonly queue: number;
  readonly readable: Uint8Array;
  readonly writable: number;
}

/** What a subject gets. */
export interface SubjectParts {
  readonly defer: Defer;
  /** Decides what is slow in this session. */
  readonly random: Random;
  /** Called in the middle of work: a driver on another CPU has its turn. */
  readonly interfere: () => void;
  /** The driver is a good one now: nothing behind the device fails any more. */
  readonly isGood: () => boolean;
}

/** Makes a device for one session. */
export type SubjectMaker = (parts: SubjectParts) => Subject;

const NOTHING = new Uint8Array();

/** Every device the fuzzer knows, by the first part of a target's name. A new one is one more row. */
export const SUBJECTS: Readonly<Record<string, SubjectMaker>> = {
  '9p': (parts) => new P9Subject(parts),
  blk: (parts) => new BlkSubject(parts),
  console: (parts) => new ConsoleSubject(parts),
  rng: ({ defer, interfere }) => ({
    device: new RngDevice({
      defer,
      random: (into) => {
        interfere();
        into.fill(0x5a);
      },
    }),
    request: (random) => ({ queue: 0, readable: NOTHING, writable: random.below(random.oneIn(8) ? 70_000 : 300) }),
    release: () => false,
    probe: {
      queue: 0,
      readable: NOTHING,
      writable: 16,
      judge: (answer) => (answer.length === 16 && answer.every((byte) => byte === 0x5a) ? undefined : 'is not random'),
    },
    leaked: () => undefined,
  }),
};
