import type { AccessWidth } from '../../../devices/ports.ts';
import { STATUS } from '../../../devices/virtio/status.ts';
import type { InputTarget } from '../guided.ts';
import { platform } from './platform.ts';
import { HostileRam } from './ram.ts';
import type { Rig } from './rig.ts';
import { Verdict } from './verdict.ts';
import type { Window } from './window.ts';
import { TARGETS, World } from './world.ts';

/** Bytes as a sequence of accesses to registers: which block, how wide, where, what. */

const WIDTHS: readonly AccessWidth[] = [1, 2, 4, 4];
/** First byte of a record: bit 0 writes, bits 1 and 2 are the width, bits 3 to 6 the window; from here on an event. */
const EVENT = 0x80;
const HEAD = 3;

/** What can be reached at once, and what else may happen. */
interface Reach {
  readonly windows: readonly Window[];
  event(which: number): void;
  /** @throws Broken when anything is wrong after all accesses. */
  judge(): void;
}

/** The transports whose registers are reached, each with a device that has a configuration. */
const VIRTIO = [
  '9p/pci-transitional/packed',
  '9p/pci-transitional/split',
  '9p/pci/packed',
  '9p/pci-legacy/split',
  '9p/mmio/packed',
  '9p/mmio-legacy/split',
];
/** Blocks of registers by the first byte of an input. */
export const REACHES: readonly string[] = [...VIRTIO, 'platform'];

/** Accesses to every block of registers there is. */
export class RegisterTarget implements InputTarget {
  readonly #ram = new HostileRam(new Verdict());

  /** @throws Broken when a read gives no number, or memory was written that the device was not given. */
  run(bytes: Uint8Array): void {
    const reach = this.#reach(bytes);
    for (const record of records(bytes, reach.windows.length)) {
      if (record.kind === 'event') reach.event(record.which);
      else act(reach.windows[record.window], record);
    }
    reach.judge();
  }

  show(bytes: Uint8Array): string {
    const { windows } = this.#reach(bytes);
    const lines = records(bytes, windows.length).map((record) => {
      if (record.kind === 'event') return `event ${record.which}`;
      const { window, width, write, value } = record;
      const at = windows[window];
      const access = `${at?.name} ${width} bytes at ${record.offset % (at?.length ?? 1)}`;
      return write ? `${access} := ${value}` : `${access}?`;
    });
    return [nameOf(bytes), ...lines].join('\n  ');
  }

  #reach(bytes: Uint8Array): Reach {
    const target = TARGETS.get(nameOf(bytes));
    if (target === undefined) return { ...platform({ operations: 0 }), judge: () => {} };
    const world = new World(target, this.#ram, 1, 0);
    const { ledger, rig, bells, count, subject } = world;
    ledger.racing = false;
    return {
      windows: windowsOf(rig),
      event(which) {
        count.operations += 1;
        const bound = [...bells.bound];
        if ((which & 1) === 0) ledger.turn();
        else bound[which % (bound.length + 1)]?.ring();
        ledger.endStep();
        ledger.beginStep();
      },
      judge() {
        ledger.endStep();
        this.event(0);
        this.event(0);
        world.ram.audit(ledger.live());
        const most = 2 * subject.device.queueSizes.length;
        if (bells.bound.size > most) ledger.verdict.fail(`${bells.bound.size} doorbells are bound`);
      },
    };
  }
}

function nameOf(bytes: Uint8Array): string {
  return REACHES[(bytes[0] ?? 0) % REACHES.length] ?? '';
}

/** The windows of a function, and its buses last. */
function windowsOf({ windows, pci }: Rig): readonly Window[] {
  return pci === undefined ? windows : [...windows, pci.memory, pci.ports];
}

type Access = {
  readonly kind: 'access';
  readonly window: number;
  readonly width: AccessWidth;
  readonly write: boolean;
  readonly offset: number;
  readonly value: number;
};
type Record = Access | { readonly kind: 'event'; readonly which: number };

function records(bytes: Uint8Array, windows: number): Record[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Record[] = [];
  for (let at = 1; at + HEAD <= bytes.length; ) {
    const [head, offset] = [view.getUint8(at), view.getUint16(at + 1, true)];
    at += HEAD;
    if (head >= EVENT) {
      found.push({ kind: 'event', which: offset });
      continue;
    }
    const width = WIDTHS[(head >> 1) & 3] ?? 4;
    const write = (head & 1) === 1;
    let value = 0;
    if (write) {
      for (let i = 0; i < width; i += 1) value += (bytes[at + i] ?? 0) * 2 ** (8 * i);
      at += width;
    }
    found.push({ kind: 'access', window: (head >> 3) % windows, width, write, offset, value });
  }
  return found;
}

/** Past the end of 64 KiB lie the places that BARs may have. */
function act(window: Window | undefined, { width, write, offset, value }: Access): void {
  if (window === undefined || window.length < width) return;
  const place = window.length > 2 ** 16 ? 0xe000_0000 + offset : offset % (window.length - width + 1);
  if (write) window.write(place, width, value);
  else window.read(place, width);
}

/** A record as bytes. */
function write(window: number, width: AccessWidth, offset: number, value: number): number[] {
  const bytes = Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
  return [1 | (WIDTHS.indexOf(width) << 1) | (window << 3), offset & 0xff, offset >> 8, ...bytes];
}

/** Where a corpus begins: each register read and written, and for each transport an initialisation. */
export function sampleAccesses(): Uint8Array[] {
  const ram = new HostileRam(new Verdict());
  const samples = REACHES.flatMap((name, index): number[][] => {
    const target = TARGETS.get(name);
    if (target === undefined) return [[index, 0, 0, 0, ...write(0, 1, 1, 0x0f)]];
    const { windows } = new World(target, ram, 1, 0).rig;
    return windows.flatMap((window, at) => [
      ...window.rows.map(({ at: offset, width }) => [
        index,
        (width === 2 ? 2 : width === 1 ? 0 : 4) | (at << 3),
        offset & 0xff,
        offset >> 8,
        ...write(at, width === 1 ? 1 : width === 2 ? 2 : 4, offset, 1),
      ]),
      [index, ...initialization(window, at), EVENT, 0, 0],
    ]);
  });
  return samples.map((sample) => Uint8Array.from(sample));
}

const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = STATUS;
/** Registers by which a device is brought to life, in any layout, in order, with what is written. */
const STEPS: readonly (readonly [register: RegExp, value: number])[] = [
  [/^(device_status|Status)$/, ACKNOWLEDGE],
  [/^(device_status|Status)$/, ACKNOWLEDGE | DRIVER],
  [/^GuestPageSize$|^QueueAlign$/, 4096],
  [/^(driver_feature_select|DriverFeaturesSel)$/, 1],
  [/^(driver_feature|DriverFeatures)$/, 1],
  [/^(device_status|Status)$/, ACKNOWLEDGE | DRIVER | FEATURES_OK],
  [/^(queue_d|QueueD)esc$/, 0x1000],
  [/^(queue_d|QueueD)river$/, 0x2000],
  [/^(queue_d|QueueD)evice$/, 0x3000],
  [/^(queue_enable|QueueReady|queue_address|QueuePFN)$/, 1],
  [/^(device_status|Status)$/, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK],
  [/^(queue_notify|QueueNotify)$/, 0],
];

function initialization({ rows }: Window, window: number): number[] {
  return STEPS.flatMap(([register, value]) =>
    rows
      .filter(({ name }) => register.test(name))
      .flatMap(({ at, width }) => write(window, width === 1 ? 1 : width === 2 ? 2 : 4, at, value)),
  );
}
