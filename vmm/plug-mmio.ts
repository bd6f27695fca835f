import { VirtioMmioTransport } from '../devices/virtio/mmio-transport.ts';
import { mmioPlaces } from './mmio-places.ts';
import type { ByMmio } from './plug-virtio.ts';

/** Plugs devices in that are on no PCI bus: registers in memory, and an interrupt line of their own. */
export const byMmio: ByMmio = {
  places: mmioPlaces,
  plug(parts, { legacy = false }, { base, length, irq }, { accelerator, mmio }) {
    const transport = new VirtioMmioTransport({ ...parts, line: accelerator.line(irq), legacy });
    if (mmio.map(base, length, transport.target) === undefined) {
      throw new Error(`${transport.target.name}: its addresses are taken`);
    }
    transport.placed(base);
    parts.trace?.events?.emit('plugged', { name: transport.target.name, bus: 'mmio', address: base });
    return { device: parts.device, reset: () => transport.reset(), drained: () => transport.drained };
  },
};
