/** A machine as it would be, as plain data: what `tsvmm run --dry-run=json` prints. Numbers are bytes, addresses and ids. */
import type { VirtioConfig } from '../config.ts';
import type { MapRow } from '../memory-map.ts';

/** What a driver learns of a virtio device before it does anything. */
export interface VirtioReport {
  /** @spec virtio 1.2 §5 Device Types */
  readonly deviceId: number;
  readonly type: string;
  readonly interfaces: readonly ('modern' | 'legacy')[];
  /** Most entries of each queue. */
  readonly queues: readonly number[];
  /** Features offered, by the names of the specification. */
  readonly features: readonly string[];
  /** Of a 9p device. */
  readonly mountTag?: string;
}

/** A function on the PCI bus, as its configuration space says. */
export interface FunctionReport {
  readonly slot: number;
  readonly number: number;
  readonly name: string;
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
  readonly revision: number;
  /** 24 bits. */
  readonly classCode: number;
  readonly bars: readonly {
    readonly index: number;
    readonly kind: 'io' | 'memory-32' | 'memory-64';
    readonly address: number;
    readonly length: number;
  }[];
  /** Its pin, A to D, and the input of the IOAPIC that is wired to; absent where it has none. */
  readonly interrupt?: { readonly pin: string; readonly gsi: number };
  /** In the order of the chain. */
  readonly capabilities: readonly { readonly at: number; readonly name: string }[];
  /** MSI-X vectors, 0 without. */
  readonly vectors: number;
  readonly virtio?: VirtioReport;
}

/** A virtio device by MMIO. */
export interface MmioReport {
  readonly base: number;
  readonly length: number;
  /** ISA interrupt. */
  readonly irq: number;
  readonly virtio: VirtioReport;
}

/** A share, and what it was configured with: the fields of `ShareConfig`, without trees that are no data. */
export interface ShareReport {
  readonly mountTag: string;
  readonly driver: string;
  /** False where mounting is left to the guest. */
  readonly mountAt: string | false;
  readonly options: Readonly<Record<string, unknown>>;
  readonly virtio: VirtioConfig;
}

/** A file the guest starts from; `state` says whether it is there or would be made first. */
export interface FileReport {
  readonly path: string;
  readonly state: 'present' | 'would be made';
}

/** Everything. */
export interface MachineReport {
  readonly accelerator: 'kvm' | 'software';
  readonly cpus: number;
  readonly memory: { readonly bytes: number; readonly map: readonly MapRow[] };
  readonly ports: readonly {
    readonly name: string;
    readonly base: number;
    readonly length: number;
    readonly doc: string;
  }[];
  readonly pci: readonly FunctionReport[];
  readonly mmio: readonly MmioReport[];
  readonly shares: readonly ShareReport[];
  /** Devices that are no shares, as configured. */
  readonly devices: readonly Readonly<Record<string, unknown>>[];
  readonly boot: {
    readonly kernel: FileReport;
    /** Where the first instruction is; absent where there is no kernel yet. */
    readonly entry?: { readonly mode: 'long' | 'protected'; readonly address: number };
    readonly initrd?: FileReport;
    /** With process 1 as the guest sees it, and our own program where it is that. */
    readonly root?: FileReport & { readonly readonly: boolean; readonly init: string; readonly ours?: FileReport };
    readonly commandLine: string;
  };
}
