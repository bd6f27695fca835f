import type { OneFunction, Structures } from '../lab.ts';

/** Registers of configuration space, by offset. */
const HEADER = { bar0: 0x10, capabilitiesPointer: 0x34 };

/** Where things are in a capability. From `cfgType` on only in those of virtio. */
const CAPABILITY = { id: 0, next: 1, cfgType: 3, bar: 4, offset: 8, length: 12, notifyMultiplier: 16 };

const VENDOR_SPECIFIC = 0x09;
const CFG_TYPE = { common: 1, notify: 2, isr: 3, device: 4 };
/** In bits 2:1 of a memory BAR: its upper half is in the next register. */
const MEMORY_64 = 0x4;

/** Finds the structures of a virtio function, as guest physical addresses, and reads its mount tag. */
export default function walkItsCapabilities({ config, memory }: OneFunction): Structures {
  /** Where a BAR is. The low four bits of it are flags. */
  const barAddress = (bar: number): number => {
    const low = config.read(HEADER.bar0 + 4 * bar, 4);
    const high = (low & 0x6) === MEMORY_64 ? config.read(HEADER.bar0 + 4 * (bar + 1), 4) : 0;
    return high * 2 ** 32 + (low - (low % 16));
  };

  /** Offset in configuration space of the capability of a structure. The first of a type is the one to take. */
  const capability = (cfgType: number): number => {
    let at = config.read(HEADER.capabilitiesPointer, 1);
    while (at !== 0) {
      const isVirtio = config.read(at + CAPABILITY.id, 1) === VENDOR_SPECIFIC;
      if (isVirtio && config.read(at + CAPABILITY.cfgType, 1) === cfgType) return at;
      at = config.read(at + CAPABILITY.next, 1);
    }
    throw new Error(`no capability of cfg_type ${cfgType}`);
  };
  const address = (cfgType: number): number => {
    const at = capability(cfgType);
    return barAddress(config.read(at + CAPABILITY.bar, 1)) + config.read(at + CAPABILITY.offset, 4);
  };

  const device = address(CFG_TYPE.device);
  const length = memory.read(device, 2);
  const tag = Array.from({ length }, (_, index) => memory.read(device + 2 + index, 1));
  return {
    common: address(CFG_TYPE.common),
    notify: address(CFG_TYPE.notify),
    isr: address(CFG_TYPE.isr),
    device,
    notifyMultiplier: config.read(capability(CFG_TYPE.notify) + CAPABILITY.notifyMultiplier, 4),
    mountTag: String.fromCharCode(...tag),
  };
}
