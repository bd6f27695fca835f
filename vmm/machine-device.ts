import type { Defer } from '../devices/ports.ts';
import type { VirtioDevice } from '../devices/virtio/device.ts';
import { P9Device } from '../devices/virtio/p9-device.ts';
import type { RingPolling } from '../devices/virtio/ring-poller.ts';
import type { FrameHandler } from '../ninep/frame-handler.ts';
import type { VirtioConfig } from './config.ts';

/** One virtio device as the machine sees it: what it is, and how it presents itself. */
export interface MachineDevice {
  /** Says in traces which one it is of several of a kind. */
  readonly label: string;
  /** How it presents itself; a transitional function on the PCI bus by default. */
  readonly virtio?: VirtioConfig;
  /** Makes the device; `defer` lets the host's other work have its turn, `polling` spares the guest kicks where that pays. */
  readonly make: (defer: Defer, polling: RingPolling | undefined) => VirtioDevice;
  /** Ends what its requests wait for, so that a reset need not wait for it. */
  readonly interrupt?: () => void;
}

/** One share as the machine sees it: a tag and what serves it. */
export interface MachineShare {
  readonly mountTag: string;
  readonly handler: FrameHandler;
  readonly virtio?: VirtioConfig;
  readonly interrupt?: () => void;
}

/** The device a guest mounts a share from. */
export function shareDevice({ mountTag, handler, virtio, interrupt }: MachineShare): MachineDevice {
  return {
    label: `'${mountTag}'`,
    make: (defer, polling) => new P9Device({ mountTag, handler, defer, polling }),
    ...(virtio && { virtio }),
    ...(interrupt && { interrupt }),
  };
}
