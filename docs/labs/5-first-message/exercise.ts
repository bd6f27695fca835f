import type { Greeting, RunningDevice } from '../lab.ts';

/** `struct virtq_desc`: 16 bytes. */
const DESC = { length: 16, addr: 0, len: 8, flags: 12, next: 14 };
const FLAG = { next: 1, write: 2 };
/** `struct virtq_avail`: 2 bytes for each entry of `ring`. */
const AVAIL = { idx: 2, ring: 4 };
/** `struct virtq_used`: 8 bytes for each entry of `ring`, of which the first 4 are id and the others len. */
const USED = { idx: 2, ring: 4 };

/** size[4] Tversion=100[1] tag[2] msize[4] version[s], where a string is its length in 2 bytes and then its bytes. */
const TVERSION = 100;
const NOTAG = 0xffff;
const VERSION = '9P2000.L';

/**
 * Sends Tversion through queue 0, waits for Rversion and reads it.
 *
 * So far it writes the beginning of a message, and of a descriptor.
 */
export default async function firstMessage({ ram, free, queue, ring, wait }: RunningDevice): Promise<Greeting> {
  const request = free.base;
  const size = 7 + 4 + 2 + VERSION.length;
  ram.setUint32(request, size, true);
  ram.setUint8(request + 4, TVERSION);
  ram.setUint16(request + 5, NOTAG, true);

  ram.setBigUint64(queue.desc + DESC.addr, BigInt(request), true);
  ram.setUint32(queue.desc + DESC.len, size, true);
  ram.setUint16(queue.desc + DESC.flags, FLAG.next, true);
  ram.setUint16(queue.desc + DESC.next, 1, true);

  const before = ram.getUint16(queue.driver + AVAIL.idx, true);
  ram.setUint16(queue.driver + AVAIL.ring + 2 * (before % queue.size), 0, true);
  ring(0);
  await wait();
  return { msize: ram.getUint16(queue.device + USED.idx, true), version: '' };
}
