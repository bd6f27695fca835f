import type { QuietDevice, Suppression } from '../lab.ts';

/** Registers of the common configuration structure that you need, by offset. */
const COMMON = { deviceStatus: 0x14, queueSelect: 0x16, queueMsixVector: 0x1a, queueEnable: 0x1c };
const DRIVER_OK = 4;

/** Message control in the MSI-X capability, and an entry of the MSI-X table. */
const MESSAGE_CONTROL = 2;
const MSIX_ENABLE = 0x8000;
const ENTRY = { length: 16, addressLow: 0, addressHigh: 4, data: 8, control: 12 };
/** Where messages of an x86 machine go: to its local APIC. */
const APIC = 0xfee0_0000;

const AVAIL = { idx: 2, ring: 4 };
const USED = { idx: 2 };

/** So far MSI-X is on and queue 0 is alive; but it has no vector, and the vector has no message. */
async function quiet({ common, ram, queue, ring, wait, msixCapability }: QuietDevice): Promise<void> {
  const control = msixCapability.read(MESSAGE_CONTROL, 2);
  msixCapability.write(MESSAGE_CONTROL, 2, control | MSIX_ENABLE);

  common.write(COMMON.queueSelect, 2, 0);
  common.write(COMMON.queueEnable, 2, 1);
  common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | DRIVER_OK);

  ram.setUint16(queue.driver + AVAIL.idx, 4, true);
  ring(0);
  while (ram.getUint16(queue.device + USED.idx, true) < 4) await wait();
}

/** So far it publishes the other four and hopes. `used_event` follows the entries of the available ring. */
async function once({ ram, queue, ring, wait, messages, msixTable }: QuietDevice): Promise<void> {
  msixTable.write(ENTRY.addressLow, 4, APIC);

  ram.setUint16(queue.driver + AVAIL.idx, 8, true);
  ring(0);
  const before = messages.length;
  while (messages.length === before) await wait();
}

const suppression: Suppression = { quiet, once };
export default suppression;
