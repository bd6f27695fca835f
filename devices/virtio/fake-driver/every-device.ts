/** One of each kind of device, for tests of what all of them have in common. */
import { BlkDevice } from '../blk-device.ts';
import { ConsoleDevice } from '../console-device.ts';
import type { VirtioDevice } from '../device.ts';
import { MemoryBlockStore } from '../memory-block-store.ts';
import { P9Device } from '../p9-device.ts';
import { RngDevice } from '../rng-device.ts';

const defer = (work: () => void) => void setImmediate(work);

/** Makes a device of each kind, by its name. Nothing but themselves is behind them. */
export const EVERY_DEVICE: Readonly<Record<string, () => VirtioDevice>> = {
  '9P': () => new P9Device({ mountTag: 'host', handler: { handle: () => 0, reset: async () => {} }, defer }),
  block: () => new BlkDevice({ store: new MemoryBlockStore(new Uint8Array(8192)), serial: 'disk', defer }),
  'read-only block': () =>
    new BlkDevice({ store: new MemoryBlockStore(new Uint8Array(8192), { readonly: true }), defer }),
  console: () => new ConsoleDevice({ transmit: () => true, readyForInput: () => {}, rows: 25, columns: 80, defer }),
  entropy: () => new RngDevice({ random: (into) => into.fill(0x5a), defer }),
};
