import type { Greeting, RunningDevice } from '../lab.ts';

/** `struct virtq_desc`: 16 bytes. */
const DESC = { length: 16, addr: 0, len: 8, flags: 12, next: 14 };
const FLAG = { next: 1, write: 2 };
/** `struct virtq_avail`: 2 bytes for each entry of `ring`. */
const AVAIL = { idx: 2, ring: 4 };
/** `struct virtq_used`. */
const USED = { idx: 2 };

/** size[4] Tversion=100[1] tag[2] msize[4] version[s], where a string is its length in 2 bytes and then its bytes. */
const TVERSION = 100;
const NOTAG = 0xffff;
const VERSION = '9P2000.L';
const MSIZE = 8192;

/** Sends Tversion through queue 0, waits for Rversion and reads it. */
export default async function firstMessage({ ram, free, queue, ring, wait }: RunningDevice): Promise<Greeting> {
  const request = free.base;
  const reply = free.base + 256;
  const size = 7 + 4 + 2 + VERSION.length;
  ram.setUint32(request, size, true);
  ram.setUint8(request + 4, TVERSION);
  ram.setUint16(request + 5, NOTAG, true);
  ram.setUint32(request + 7, MSIZE, true);
  ram.setUint16(request + 11, VERSION.length, true);
  for (let i = 0; i < VERSION.length; i += 1) ram.setUint8(request + 13 + i, VERSION.charCodeAt(i));

  const describe = (index: number, addr: number, len: number, flags: number, next: number) => {
    const at = queue.desc + DESC.length * index;
    ram.setBigUint64(at + DESC.addr, BigInt(addr), true);
    ram.setUint32(at + DESC.len, len, true);
    ram.setUint16(at + DESC.flags, flags, true);
    ram.setUint16(at + DESC.next, next, true);
  };
  describe(0, request, size, FLAG.next, 1);
  describe(1, reply, MSIZE, FLAG.write, 0);

  const available = ram.getUint16(queue.driver + AVAIL.idx, true);
  const used = ram.getUint16(queue.device + USED.idx, true);
  ram.setUint16(queue.driver + AVAIL.ring + 2 * (available % queue.size), 0, true);
  ram.setUint16(queue.driver + AVAIL.idx, available + 1, true);
  ring(0);
  while (ram.getUint16(queue.device + USED.idx, true) === used) await wait();

  const length = ram.getUint16(reply + 11, true);
  const version = Array.from({ length }, (_, i) => ram.getUint8(reply + 13 + i));
  return { msize: ram.getUint32(reply + 7, true), version: String.fromCharCode(...version) };
}
