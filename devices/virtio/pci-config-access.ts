/** The capability through which a driver reaches the virtio structures by configuration space alone. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import type { Bar } from '../pci/bars.ts';
import type { PciCapability } from '../pci/capabilities.ts';
import type { AccessWidth } from '../ports.ts';
import { type ConfigAccessOwner, capabilityHead, configAccessCapability } from './pci-capabilities.ts';

/** Where the driver pointed the capability, once it is known to be a place it may reach. */
interface Window {
  readonly bar: Bar;
  readonly offset: number;
  readonly width: AccessWidth;
}

/**
 * The PCI configuration access capability: works whether or not the BARs are mapped. `bars` gives the BARs it reaches;
 * `fault` is told when the driver points it anywhere else.
 *
 * @spec virtio 1.2 §4.1.4.9 PCI configuration access capability
 */
export function pciConfigAccess(bars: () => readonly Bar[], fault: (why: string) => void): PciCapability {
  return {
    name: 'virtio pci_cfg',
    bank(next) {
      const window = (): Window | undefined => {
        const [index, offset, length] = [bank.get('bar'), bank.get('offset'), bank.get('length')];
        // A tool that dumps configuration space reads the data without having pointed it anywhere.
        if (length === 0) return undefined;
        const bar = bars().find((candidate) => candidate.index === index);
        const reachable = bar !== undefined && offset % length === 0 && offset + length <= bar.length;
        if (reachable && (length === 1 || length === 2 || length === 4)) return { bar, offset, width: length };
        fault(`pci_cfg_data points at ${length} bytes at 0x${offset.toString(16)} of BAR ${index}`);
        return undefined;
      };
      const owner: ConfigAccessOwner = {
        readData() {
          const at = window();
          return at?.bar.target.read(at.offset, at.width) ?? 0;
        },
        writeData(data) {
          const at = window();
          at?.bar.target.write(at.offset, at.width, data % 2 ** (8 * at.width));
        },
      };
      const bank: RegisterBank<ConfigAccessOwner> = configAccessCapability.instance(
        owner,
        capabilityHead(next, configAccessCapability.length, 'pciAccess'),
      );
      return bank;
    },
  };
}
