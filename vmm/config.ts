import type { BlockStore } from '../devices/virtio/block-store.ts';
import type { ExportConfig, SecurityModel } from './export-config.ts';
import type { OnReboot } from './guest-reset.ts';

/**
 * What a virtual machine is made from, as plain data: the command line parses into it, programs write it.
 */

/** A place on a PCI bus. */
export interface PciPlace {
  /** 0 to 31. */
  readonly slot: number;
  /** 0 to 7; default 0. */
  readonly function?: number;
}

/** How the device before a share presents itself; QEMU's properties, with QEMU's defaults. @spec QEMU virtio-9p-pci properties */
export interface VirtioConfig {
  /** Its place on PCI bus 0; default function 0 of the lowest slot that is free. */
  readonly addr?: PciPlace;
  /** What it is plugged into; `mmio` is memory alone, of which the kernel's command line tells. Default pci. */
  readonly bus?: 'pci' | 'mmio';
  /**
   * The interface from before virtio 1.0. On PCI it lies in an I/O BAR beside the modern one, by default: a transitional
   * device. By MMIO a device has one of the two, by default the modern one.
   */
  readonly legacy?: boolean;
  /** The interface of virtio 1.x. Default true; by MMIO, unless it is the legacy one. */
  readonly modern?: boolean;
  /** MSI-X vectors on PCI, 0 to 2048; 0 leaves the interrupt pin. Default one for each queue and one for the configuration. */
  readonly vectors?: number;
  /** A kick does not stop the guest. Default true. */
  readonly ioeventfd?: boolean;
  /** Offers packed virtqueues. Default false. */
  readonly packed?: boolean;
  /** Offers indirect descriptors. Default true. */
  readonly indirectDesc?: boolean;
  /** Offers suppression of notifications by index. Default true. */
  readonly eventIdx?: boolean;
  /** Offers the use of buffers in the order in which they were made available. Default false. */
  readonly inOrder?: boolean;
  /** Offers the reset of single queues. Default true. */
  readonly queueReset?: boolean;
  /** Offers kicks that say how far the driver has come. Default false. */
  readonly notificationData?: boolean;
  /**
   * How long at most a share or a disk looks for the next request before it has the guest ring for it, in microseconds, 0
   * to 10,000; 0 never. Where guest and devices share one thread or one processor it never does. Default 200.
   */
  readonly pollUs?: number;
}

/** How a guest mounts a share. */
export interface MountConfig {
  /** What the guest mounts it by: 1 to 31 bytes. */
  readonly mountTag: string;
  /** Where the guest's init mounts it; default `/mnt/<mountTag>`. `false` leaves mounting to the guest. */
  readonly mountAt?: string | false;
  /** Name of the device, for traces; default virtio-9p-pci-N. */
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** Something a guest can mount: an export, and how it is mounted. `{ path, mountTag }` is enough for a directory. */
export type ShareConfig = ExportConfig & MountConfig;

/** A source of random numbers, /dev/hwrng in a Linux guest. */
export interface RngConfig {
  readonly kind: 'rng';
  /** Name of the device, for traces; default virtio-rng. */
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** What all disks have. */
interface AnyDisk {
  readonly kind: 'disk';
  /** What tells the guest this disk from others: up to 20 bytes of ASCII. Default none. */
  readonly serial?: string;
  /** Name of the device, for traces; default the path. */
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** A disk in a file: /dev/vda, /dev/vdb and so on in a Linux guest. */
export interface ImageDisk extends AnyDisk {
  /** A raw image or a block device of this host: not empty, a multiple of 512 bytes. It is locked while the machine is there. */
  readonly path: string;
  /** Default false. */
  readonly readonly?: boolean;
  /** `raw` takes an image as it is although it looks like one of another format. */
  readonly format?: 'raw';
  /**
   * When a write is on the medium: once the guest flushes (`writeback`, the default), once it is completed (`writethrough`),
   * or whenever the host likes (`unsafe`). The page cache of the host is used in any case.
   */
  readonly cache?: 'writeback' | 'writethrough' | 'unsafe';
  /** What the guest discards is given back to the host's file system (`unmap`, the default), or kept. */
  readonly discard?: 'unmap' | 'ignore';
}

/** A disk of the program's own. */
export interface StoreDisk extends AnyDisk {
  /** The machine's from now on; closed at its end. */
  readonly store: BlockStore;
}

export type DiskConfig = ImageDisk | StoreDisk;

/** A console that is no serial port, /dev/hvc0 in a Linux guest. What is typed goes there. A machine has one at most. */
export interface ConsoleConfig {
  readonly kind: 'console';
  /** Name of the device, for traces; default virtio-console. */
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** A device that is no share. */
export type DeviceConfig = RngConfig | DiskConfig | ConsoleConfig;

/** The directory a guest boots from. */
export interface RootConfig {
  readonly path: string;
  /** Default true. */
  readonly readonly?: boolean;
  /** Default `passthrough` where this process is root, else `none`. */
  readonly securityModel?: SecurityModel;
  /** Program that is process 1, as the guest sees it; default our own, grafted in as /.tsvmm/init. */
  readonly init?: string;
}

/** Everything a machine needs to know. Absent fields take the documented default. */
export interface VirtualMachineConfig {
  /**
   * What executes the guest. `kvm` runs 64-bit kernels, the software CPU 32-bit ones, on one CPU with less than 2 GiB.
   * `auto`, the default, is KVM where /dev/kvm can be opened, else the software CPU.
   */
  readonly accel?: 'kvm' | 'software' | 'auto';
  /** bzImage or vmlinux, for what executes it; default the fixture kernel, built once. */
  readonly kernel?: string;
  readonly initrd?: string;
  /** Words added at the end of the kernel command line. With root= among them, there is no root but that. */
  readonly append?: string;
  /** Guest RAM in bytes, a multiple of 1 MiB; default 256 MiB. */
  readonly memory?: number;
  /**
   * `memfd`: guest RAM is a file in memory that other processes can map, as /proc/PID/fd/N. Default: memory of this process
   * alone, which the host can give in larger pages. Not with the software CPU.
   */
  readonly memoryBacking?: 'memfd';
  /** Processors, 1 to 16; default 1. */
  readonly cpus?: number;
  readonly shares?: readonly ShareConfig[];
  /** What else the guest finds. */
  readonly devices?: readonly DeviceConfig[];
  /** Default: the fixture root (busybox), unless an initrd is given or `append` names a root. `false`: none. */
  readonly root?: RootConfig | false;
  /** What our init does in the guest: run commands of `exec` (the default), or a shell on the console. */
  readonly session?: 'commands' | 'shell';
  /**
   * When the guest resets the machine, or a triple fault does: `end` ends it (the default), `restart` boots it again with the
   * same devices. Commands of `exec` that have not ended are rejected then.
   */
  readonly onReboot?: OnReboot;
  /**
   * Where the shell of our init is: `virtio` is a console device, which loses nothing that is pasted and follows the size of
   * the terminal, and needs a kernel with a driver for it; `serial` is the first serial port. `auto`, the default, is virtio
   * where the kernel is the default one. The kernel's own messages come by the serial port in any case.
   */
  readonly console?: 'auto' | 'virtio' | 'serial';
  /** Our init prints one line on the console as soon as it runs, for timing a boot. Default false. */
  readonly announce?: boolean;
  /** Kernel messages on the console from the first line on. Default false. */
  readonly verbose?: boolean;
  /** Working directory of the guest shell; default `/root`, or the first share's mount point. */
  readonly cwd?: string;
  /** Size of the terminal the console is shown on. */
  readonly terminal?: { readonly rows: number; readonly columns: number; readonly term: string };
}
