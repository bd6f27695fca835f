import type { AccessWidth, Gpa } from '../../../../devices/ports.ts';
import type { AccessHandler, CpuEntry, CpuStop } from '../../../accelerator.ts';
import { BOOT_SEGMENTS_32, bootGdt } from '../../../boot/segments.ts';
import { nodeHost } from '../node-host.ts';
import { SoftwareAccelerator } from '../software-accelerator.ts';
import { u32 } from './machine-code.ts';

/** Where a tiny guest's code starts, its stack ends, and its tables lie. */
export const LAYOUT = {
  code: 0x1000,
  handler: 0x2000,
  stack: 0x8000,
  gdt: 0x500,
  idt: 0x600,
  idtr: 0xf00,
  data: 0x3000,
} as const;

/** One access that reached the machine. */
export interface Access {
  readonly space: 'pio' | 'mmio';
  readonly kind: 'read' | 'write';
  readonly address: number;
  readonly width: AccessWidth;
  readonly value: number;
}

/** What a tiny guest is. */
export interface TinyGuestOptions {
  /** Machine code for 32-bit protected mode, put at `LAYOUT.code`. */
  readonly code: readonly number[];
  /** Machine code of an interrupt handler, put at `LAYOUT.handler`; `vectors` lead there. */
  readonly handler?: readonly number[];
  readonly vectors?: readonly number[];
  /** What reads give. */
  readonly read?: (access: Omit<Access, 'value' | 'kind'>) => number;
  /** Called for each write, after it was noted. */
  readonly write?: (access: Access, guest: TinyGuest) => void;
}

/** A machine of 1 MiB with a few bytes of code, that notes every access. */
export class TinyGuest implements AccessHandler {
  readonly accelerator: SoftwareAccelerator;
  readonly accesses: Access[] = [];
  readonly stopped: Promise<CpuStop>;
  readonly #options: TinyGuestOptions;
  #waiting: { readonly wanted: (access: Access) => boolean; readonly resolve: (access: Access) => void }[] = [];

  private constructor(accelerator: SoftwareAccelerator, options: TinyGuestOptions) {
    this.accelerator = accelerator;
    this.#options = options;
    this.put(LAYOUT.code, options.code);
    this.put(LAYOUT.handler, options.handler ?? []);
    this.put(LAYOUT.gdt, [...bootGdt(BOOT_SEGMENTS_32)]);
    this.put(LAYOUT.idtr, [0xff, 0x07, ...u32(LAYOUT.idt)]);
    for (const vector of options.vectors ?? []) this.put(LAYOUT.idt + 8 * vector, interruptGate(LAYOUT.handler));
    this.stopped = new Promise((resolve) => accelerator.onStop(resolve));
  }

  static async create(options: TinyGuestOptions): Promise<TinyGuest> {
    const ram = [{ base: 0 as Gpa, length: 2 ** 20 }];
    return new TinyGuest(await SoftwareAccelerator.create({ ram, cpus: 1 }, nodeHost), options);
  }

  /** Writes bytes as a device does. */
  put(address: number, bytes: readonly number[]): void {
    this.accelerator.memory.view(address as Gpa, bytes.length)?.set(bytes);
  }

  /** The bytes at an address. */
  get(address: number, length: number): number[] {
    return Array.from(this.accelerator.memory.view(address as Gpa, length) ?? []);
  }

  start(): void {
    this.accelerator.start(tinyEntry, this);
  }

  /** The values written to a port. */
  written(port: number): number[] {
    return this.accesses.filter(({ kind, address }) => kind === 'write' && address === port).map(({ value }) => value);
  }

  /** Resolves with the first access from now on that is `wanted`. */
  next(wanted: (access: Access) => boolean): Promise<Access> {
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  read(space: 'pio' | 'mmio', address: number, width: AccessWidth): number {
    const value = this.#options.read?.({ space, address, width }) ?? 0;
    this.#note({ space, kind: 'read', address, width, value });
    return value;
  }

  write(space: 'pio' | 'mmio', address: number, width: AccessWidth, value: number): void {
    const access: Access = { space, kind: 'write', address, width, value };
    this.#note(access);
    this.#options.write?.(access, this);
  }

  #note(access: Access): void {
    this.accesses.push(access);
    const due = this.#waiting.filter(({ wanted }) => wanted(access));
    this.#waiting = this.#waiting.filter((other) => !due.includes(other));
    for (const { resolve } of due) resolve(access);
  }
}

/** Where tiny guests are entered. */
export const tinyEntry: CpuEntry = {
  mode: 'protected',
  rip: BigInt(LAYOUT.code),
  bootParams: 0x7000n,
  rsp: BigInt(LAYOUT.stack),
  gdt: { base: BigInt(LAYOUT.gdt), length: 48 },
};

/** Runs `body` with a guest that is closed afterwards, whatever happens. */
export async function withGuest(options: TinyGuestOptions, body: (guest: TinyGuest) => Promise<void>): Promise<void> {
  const guest = await TinyGuest.create(options);
  try {
    await body(guest);
  } finally {
    await guest.accelerator.close();
  }
}

/** @spec Intel SDM vol. 3 §6.11 IDT Descriptors */
function interruptGate(offset: number): number[] {
  return [offset & 0xff, (offset >> 8) & 0xff, BOOT_SEGMENTS_32.code.selector, 0, 0, 0x8e, offset >>> 16, 0];
}
