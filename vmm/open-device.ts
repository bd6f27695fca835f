import { loadHostfs } from 'node-hostfs';
import { BlkDevice } from '../devices/virtio/blk-device.ts';
import type { BlockStore } from '../devices/virtio/block-store.ts';
import { ConsoleDevice } from '../devices/virtio/console-device.ts';
import { RngDevice } from '../devices/virtio/rng-device.ts';
import type { DeviceConfig, DiskConfig, VirtualMachineConfig } from './config.ts';
import { FileBlockStore } from './disks/file-block-store.ts';
import { openImage } from './disks/image-file.ts';
import type { Disposal } from './disposal.ts';
import type { GuestConsole } from './guest-console.ts';
import type { Hooks } from './hooks.ts';
import type { MachineDevice } from './machine-device.ts';

/** What opening a device may need beside its configuration. */
export interface OpenerHost {
  /** Remembers what is to be closed once the machine has ended. */
  readonly disposal: Disposal;
  readonly hooks: Pick<Hooks, 'notice'>;
  /** Where a console device is shown and typed on. */
  readonly console: GuestConsole;
  /** Size of the terminal that is shown on. */
  readonly terminal?: VirtualMachineConfig['terminal'] | undefined;
}

/** How each kind of device comes into being. */
const OPENERS: {
  readonly [K in DeviceConfig['kind']]: (
    config: Extract<DeviceConfig, { kind: K }>,
    host: OpenerHost,
  ) => Omit<MachineDevice, 'virtio'>;
} = {
  rng: ({ id = 'virtio-rng' }) => ({
    label: `'${id}'`,
    make: (defer) => new RngDevice({ random: (into) => crypto.getRandomValues(into), defer }),
  }),
  console: ({ id = 'virtio-console' }, { console, terminal }) => ({
    label: `'${id}'`,
    make: (defer) => {
      const device = new ConsoleDevice({
        defer,
        rows: terminal?.rows,
        columns: terminal?.columns,
        transmit: (bytes) => console.transmit(bytes),
        readyForInput: () => console.readyForInput(),
      });
      console.connectTerminal(device);
      return device;
    },
  }),
  disk: (config, host) => {
    const store = host.disposal.take(openStore(config, host), (it) => it.close());
    const writethrough = 'path' in config && config.cache === 'writethrough';
    return {
      label: `'${nameOf(config)}'`,
      make: (defer, polling) => new BlkDevice({ store, serial: config.serial, writethrough, defer, polling }),
    };
  },
};

/** Opens what a device stands for. Throws UsageError where that cannot be. */
export function openDevice(config: DeviceConfig, host: OpenerHost): MachineDevice {
  // The table's key is the configuration's own kind, which the compiler cannot follow through the union.
  const open = OPENERS[config.kind] as (config: DeviceConfig, host: OpenerHost) => Omit<MachineDevice, 'virtio'>;
  const opened = open(config, host);
  return config.virtio === undefined ? opened : { ...opened, virtio: config.virtio };
}

function nameOf(config: DiskConfig): string {
  return config.id ?? ('path' in config ? config.path : 'virtio-blk');
}

function openStore(config: DiskConfig, { hooks }: OpenerHost): BlockStore {
  if ('store' in config) return config.store;
  const hostfs = loadHostfs();
  return new FileBlockStore(openImage(hostfs, config), {
    hostfs,
    readonly: config.readonly,
    discards: config.discard !== 'ignore',
    unsafe: config.cache === 'unsafe',
    notice: (line) => hooks.notice?.(`disk ${config.path}: ${line}`),
  });
}
