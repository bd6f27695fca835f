/** Every MUST and MUST NOT of virtio 1.2 that concerns a device of these kinds. */
import { BASIC } from './basic.ts';
import { KINDS } from './kinds.ts';
import { MMIO_REQUIREMENTS } from './mmio.ts';
import { PCI_REQUIREMENTS } from './pci.ts';
import { placed } from './requirement.ts';
import { RINGS } from './rings.ts';

/** In the order of the specification's chapters. */
export const REQUIREMENTS = placed(
  [...BASIC, ...RINGS, ...PCI_REQUIREMENTS, ...MMIO_REQUIREMENTS, ...KINDS].sort((one, other) =>
    one.number.localeCompare(other.number, 'en', { numeric: true }),
  ),
);
