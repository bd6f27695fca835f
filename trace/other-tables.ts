/** Tables of registers that not every machine needs: of devices on no PCI bus, and of what is no 9P transport. */
import { blkConfig } from '../devices/virtio/blk-config-registers.ts';
import { consoleConfig } from '../devices/virtio/console-config-registers.ts';
import { legacyMmioRegisters, mmioRegisters } from '../devices/virtio/mmio-registers.ts';
import type { KnownTables } from './machine-description.ts';

/** All of them. */
export const OTHER_TABLES: KnownTables = {
  tables: [mmioRegisters, legacyMmioRegisters, blkConfig, consoleConfig],
  configTables: { 2: blkConfig.name, 3: consoleConfig.name },
};
