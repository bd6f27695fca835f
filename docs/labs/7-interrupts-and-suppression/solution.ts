import type { QuietDevice, Suppression } from '../lab.ts';

/** Registers of the common configuration structure, by offset. */
const COMMON = { deviceStatus: 0x14, queueSelect: 0x16, queueMsixVector: 0x1a, queueEnable: 0x1c };
const DRIVER_OK = 4;

/** Message control in the MSI-X capability, and an entry of the MSI-X table. */
const MESSAGE_CONTROL = 2;
const MSIX_ENABLE = 0x8000;
const ENTRY = { length: 16, addressLow: 0, addressHigh: 4, data: 8, control: 12 };
/** Where messages of an x86 machine go: to its local APIC. */
const APIC = 0xfee0_0000;
const VECTOR = 1;
const DATA = 0x41;

const AVAIL = { idx: 2, ring: 4 };
const USED = { idx: 2 };

/** Where the driver says after which used entry it wants to hear of it. */
function usedEvent({ queue }: QuietDevice): number {
  return queue.driver + AVAIL.ring + 2 * queue.size;
}

async function quiet(device: QuietDevice): Promise<void> {
  const { common, ram, queue, ring, wait, msixCapability, msixTable } = device;
  const entry = ENTRY.length * VECTOR;
  msixTable.write(entry + ENTRY.addressLow, 4, APIC);
  msixTable.write(entry + ENTRY.addressHigh, 4, 0);
  msixTable.write(entry + ENTRY.data, 4, DATA);
  msixTable.write(entry + ENTRY.control, 4, 0);
  const control = msixCapability.read(MESSAGE_CONTROL, 2);
  msixCapability.write(MESSAGE_CONTROL, 2, control | MSIX_ENABLE);

  common.write(COMMON.queueSelect, 2, 0);
  common.write(COMMON.queueMsixVector, 2, VECTOR);
  if (common.read(COMMON.queueMsixVector, 2) !== VECTOR) throw new Error('the device has no such vector');
  common.write(COMMON.queueEnable, 2, 1);
  common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | DRIVER_OK);

  // Entry 4 is one more than there will be.
  ram.setUint16(usedEvent(device), 4, true);
  ram.setUint16(queue.driver + AVAIL.idx, 4, true);
  ring(0);
  while (ram.getUint16(queue.device + USED.idx, true) < 4) await wait();
}

async function once(device: QuietDevice): Promise<void> {
  const { ram, queue, ring, wait, messages } = device;
  // The eighth used entry, counted from 0.
  ram.setUint16(usedEvent(device), 7, true);
  ram.setUint16(queue.driver + AVAIL.idx, 8, true);
  ring(0);
  while (messages.length === 0) await wait();
}

const suppression: Suppression = { quiet, once };
export default suppression;
