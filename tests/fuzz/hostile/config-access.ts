import type { AccessWidth } from '../../../devices/ports.ts';
import { commonConfig } from '../../../devices/virtio/common-config-registers.ts';
import { configAccessCapability } from '../../../devices/virtio/pci-capabilities.ts';
import type { Window } from './window.ts';
import { CommonWire, type Wire } from './wires.ts';

const STRUCTURES_BAR = 4;
const PAGE = 0x1000;
/** Pages of BAR 4: the common configuration first, the ISR status after it, the doorbells last. */
const ISR_PAGE = 1;

/**
 * The way to the structures that needs no BAR to be mapped: the PCI configuration access capability at `at`.
 *
 * @spec virtio 1.2 §4.1.4.9 PCI configuration access capability
 */
export function throughConfig(config: Window, at: number, notifyPage: number): Wire {
  const field = (name: string) => at + configAccessCapability.at(name).at;
  const point = (offset: number, length: number): void => {
    config.write(field('bar'), 1, STRUCTURES_BAR);
    config.write(field('offset'), 4, offset);
    config.write(field('length'), 4, length);
  };
  const read = (offset: number, width: AccessWidth): number => {
    point(offset, width);
    return config.read(field('pci_cfg_data'), width);
  };
  const write = (offset: number, width: AccessWidth, value: number): void => {
    point(offset, width);
    config.write(field('pci_cfg_data'), width, value);
  };
  const registers = {
    get(register: string): number {
      const { at: offset, width } = commonConfig.at(register);
      return read(offset, width === 8 ? 4 : (width as AccessWidth));
    },
    put(register: string, value: number): void {
      const { at: offset, width } = commonConfig.at(register);
      write(offset, width === 8 ? 4 : (width as AccessWidth), value % 2 ** 32);
      if (width === 8) write(offset + 4, 4, Math.floor(value / 2 ** 32));
    },
  };
  return new CommonWire(
    'common through configuration space',
    registers,
    (queue, data) => write(notifyPage * PAGE + 4 * queue, data === 0 ? 2 : 4, queue + data * 2 ** 16),
    () => read(ISR_PAGE * PAGE, 1),
  );
}
