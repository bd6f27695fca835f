/**
 * What the thread of the devices and the thread of the inspector share beside messages: a few words for what has to be seen
 * without a turn of the event loop, and a ring of bytes for events.
 */

/** The words, by their index in an `Int32Array`. */
export const WORDS = {
  /** Counts orders to the machine; it looks at them when this changes, and waits on it while it stands. */
  orders: 0,
  /** Counts up several times a second as long as the inspector's thread lives. */
  beat: 1,
  /** 1 while the inspector's thread sleeps until it is told of more. */
  asleep: 2,
  /** Bytes written to the ring so far, and read from it, modulo 2^32. */
  written: 3,
  read: 4,
} as const;

/** Bytes of the shared memory: the words, then the ring. */
export const RING_OFFSET = 64;

/** Bytes the ring holds, a power of two. */
export const RING_LENGTH = 8 * 2 ** 20;

/** How often the inspector's thread shows that it lives, in milliseconds. */
export const BEAT_MS = 250;

/** An order to the machine. */
export type Order =
  /** Stand as soon as can be. */
  | { readonly kind: 'pause' }
  /** Go on; stand before the next event of the kinds, of the device where one is named. Without `kinds` before none. */
  | { readonly kind: 'go'; readonly kinds?: ReadonlySet<string>; readonly device?: string };

/** What the machine tells the inspector's thread. */
export type MachineNews =
  /** There is something in the ring. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'standing'; readonly before?: number }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly why: string };
