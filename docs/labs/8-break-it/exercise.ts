import type { Breaks, FragileDevice } from '../lab.ts';

/** `struct virtq_desc`: 16 bytes. */
const DESC = { length: 16, addr: 0, len: 8, flags: 12, next: 14 };
const FLAG = { next: 1, write: 2 };
const AVAIL = { idx: 2, ring: 4 };

const DEVICE_STATUS = 0x14;

/** Writes one descriptor of queue 0. */
function describe({ ram, queue }: FragileDevice, index: number, addr: number, len: number, flags = 0, next = 0): void {
  const at = queue.desc + DESC.length * index;
  ram.setBigUint64(at + DESC.addr, BigInt(addr), true);
  ram.setUint32(at + DESC.len, len, true);
  ram.setUint16(at + DESC.flags, flags, true);
  ram.setUint16(at + DESC.next, next, true);
}

/** Offers the chain that begins with descriptor 0, and rings. `ahead` is how far idx goes. */
function offer({ ram, queue, ring }: FragileDevice, ahead = 1): void {
  const idx = ram.getUint16(queue.driver + AVAIL.idx, true);
  ram.setUint16(queue.driver + AVAIL.ring + 2 * (idx % queue.size), 0, true);
  ram.setUint16(queue.driver + AVAIL.idx, (idx + ahead) & 0xffff, true);
  ring(0);
}

/** So far every one of them offers a chain there is nothing wrong with. */
function harmless(device: FragileDevice): void {
  describe(device, 0, device.free.base, 64, FLAG.next, 1);
  describe(device, 1, device.free.base + 64, 64, FLAG.write);
  offer(device);
}

const breaks: Breaks = {
  loop: harmless,
  outside: harmless,
  backwards: harmless,
  ahead: harmless,
  recover({ common }) {
    return common.read(DEVICE_STATUS, 1) === 0;
  },
};
export default breaks;
