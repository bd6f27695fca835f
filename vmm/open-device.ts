import { RngDevice } from '../devices/virtio/rng-device.ts';
import type { DeviceConfig } from './config.ts';
import type { MachineDevice } from './machine-device.ts';

/** How each kind of device comes into being. */
const OPENERS: {
  readonly [K in DeviceConfig['kind']]: (config: Extract<DeviceConfig, { kind: K }>) => Omit<MachineDevice, 'virtio'>;
} = {
  rng: ({ id = 'virtio-rng' }) => ({
    label: `'${id}'`,
    make: (defer) => new RngDevice({ random: (into) => crypto.getRandomValues(into), defer }),
  }),
};

/** Opens what a device stands for. */
export function openDevice(config: DeviceConfig): MachineDevice {
  const opened = OPENERS[config.kind](config);
  return config.virtio === undefined ? opened : { ...opened, virtio: config.virtio };
}
