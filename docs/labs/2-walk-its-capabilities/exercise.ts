import type { OneFunction, Structures } from '../lab.ts';

/** Registers of configuration space that you need, by offset. */
const HEADER = { bar0: 0x10, capabilitiesPointer: 0x34 };

/** Where things are in a capability. From `cfgType` on only in those of virtio. */
const CAPABILITY = { id: 0, next: 1, cfgType: 3, bar: 4, offset: 8, length: 12, notifyMultiplier: 16 };

/**
 * Finds the structures of a virtio function, as guest physical addresses, and reads its mount tag.
 *
 * So far it looks at the first capability only, and does not know where BARs are.
 */
export default function walkItsCapabilities({ config }: OneFunction): Structures {
  const at = config.read(HEADER.capabilitiesPointer, 1);
  const offset = config.read(at + CAPABILITY.offset, 4);

  return { common: offset, notify: 0, isr: 0, device: 0, notifyMultiplier: 0, mountTag: '' };
}
