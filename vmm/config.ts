/**
 * What a virtual machine is made from, as plain data: the command line parses into it, programs write it.
 */

/** How guest ownership and modes map to the host's. @spec QEMU 9psetup, security_model */
export type SecurityModel = 'passthrough' | 'none' | 'mapped-xattr' | 'mapped-file' | 'mapped';

/** A host directory a guest can mount. */
export interface ShareConfig {
  /** Directory on the host. */
  readonly path: string;
  /** What the guest mounts it by: 1 to 31 bytes. */
  readonly mountTag: string;
  /** Default `none`. */
  readonly securityModel?: SecurityModel;
  /** The guest cannot change anything. Default false. */
  readonly readonly?: boolean;
  /** Permission bits on the host of files the guest makes, under the mapped models alone. Default 0o600. */
  readonly fmode?: number;
  /** The same for directories. Default 0o700. */
  readonly dmode?: number;
  /** `immediate`: the host begins to write to the disk after each write of the guest. */
  readonly writeout?: 'immediate';
  /**
   * What to do about other file systems mounted within the directory: `warn`, the default, shows a notice; `remap` gives
   * every file an inode number of its own that stays the same; `forbid` hides them.
   */
  readonly multidevs?: 'warn' | 'remap' | 'forbid';
  /** Where the guest's init mounts it; default `/mnt/<mountTag>`. `false` leaves mounting to the guest. */
  readonly mountAt?: string | false;
  /** Name of the device, for traces; default virtio-9p-pci-N. */
  readonly id?: string;
}

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
  /** Words added at the end of the kernel command line. */
  readonly append?: string;
  /** Guest RAM in bytes, a multiple of 1 MiB; default 256 MiB. */
  readonly memory?: number;
  /** Processors, 1 to 16; default 1. */
  readonly cpus?: number;
  readonly shares?: readonly ShareConfig[];
  /** Default: the fixture root (busybox), unless an initrd is given. `false`: none. */
  readonly root?: RootConfig | false;
  /** What our init does in the guest: run commands of `exec` (the default), or a shell on the console. */
  readonly session?: 'commands' | 'shell';
  /** Our init prints one line on the console as soon as it runs, for timing a boot. Default false. */
  readonly announce?: boolean;
  /** Kernel messages on the console from the first line on. Default false. */
  readonly verbose?: boolean;
  /** Working directory of the guest shell; default `/root`, or the first share's mount point. */
  readonly cwd?: string;
  /** Size of the terminal the console is shown on. */
  readonly terminal?: { readonly rows: number; readonly columns: number; readonly term: string };
}
