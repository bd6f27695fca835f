/** Presents a virtio device as a PCI function: by the modern interface, the legacy one, or both. */
import type { EventPort } from '../events.ts';
import { type BarRegion, layOutBar } from '../pci/bar-regions.ts';
import type { Bar } from '../pci/bars.ts';
import type { PciCapability } from '../pci/capabilities.ts';
import { PciFunction, type PciIdentity } from '../pci/function.ts';
import { Msix } from '../pci/msix.ts';
import {
  type AccessWidth,
  asGpa,
  type BusTarget,
  type DeviceTrace,
  type DoorbellPort,
  type GuestMemory,
  type HoldCpu,
  type MessageSink,
} from '../ports.ts';
import { registerTarget } from '../register-target.ts';
import { CommonConfig } from './common-config.ts';
import { NO_VECTOR } from './common-config-registers.ts';
import type { VirtioDevice } from './device.ts';
import type { RingChoice } from './features.ts';
import { InterruptVectors } from './interrupt-vectors.ts';
import { LegacyInterface } from './legacy-interface.ts';
import { DeviceLifeCycle } from './life-cycle.ts';
import { readNotification } from './notification-data.ts';
import { type StructureType, structureCapabilityAt } from './pci-capabilities.ts';
import { pciConfigAccess } from './pci-config-access.ts';
import { IsrStatus } from './pci-isr.ts';
import { NOTIFY_OFF_MULTIPLIER, NotifyStructure } from './pci-notify.ts';
import { RING_FEATURE } from './queue-layout.ts';

/** What a virtio PCI function gets. */
export interface VirtioPciParts {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly messages: MessageSink;
  /** Absent where every kick is to arrive as a write. */
  readonly doorbells?: DoorbellPort | undefined;
  readonly holdCpu?: HoldCpu | undefined;
  readonly trace?: DeviceTrace | undefined;
  /** MSI-X vectors, 0 to 2048; 0 leaves the interrupt pin alone. One for each queue and one more by default. */
  readonly vectors?: number | undefined;
  /** What the rings offer; the usual unless given. */
  readonly rings?: RingChoice | undefined;
  /** By which interfaces a driver may come; only the modern one unless given. */
  readonly interfaces?: PciInterfaces | undefined;
}

/** The interfaces of a function: transitional where both are true. @spec virtio 1.2 §1.3.1 Legacy Interface: Terminology */
export interface PciInterfaces {
  readonly modern: boolean;
  readonly legacy: boolean;
}

/** A function as drivers recognise it. @spec virtio 1.2 §4.1.2 PCI Device Discovery */
function identityOf({ deviceId, pciClass }: VirtioDevice, { legacy }: PciInterfaces): PciIdentity {
  const ids = { vendorId: VENDOR, subsystemVendorId: VENDOR, classCode: pciClass };
  if (!legacy) return { ...ids, deviceId: FIRST_DEVICE + deviceId, revision: 1, subsystemId: SUBSYSTEM };
  const transitional = TRANSITIONAL_DEVICES[deviceId];
  if (transitional === undefined) throw new Error(`virtio device ${deviceId} has no legacy interface`);
  return { ...ids, deviceId: transitional, revision: 0, subsystemId: deviceId };
}

const VENDOR = 0x1af4;
const FIRST_DEVICE = 0x1040;
/** PCI device ids of transitional functions, by virtio device id. @spec virtio 1.2 §4.1.2 PCI Device Discovery */
const TRANSITIONAL_DEVICES: Readonly<Record<number, number>> = {
  1: 0x1000,
  2: 0x1001,
  3: 0x1003,
  4: 0x1005,
  5: 0x1002,
  8: 0x1004,
  9: 0x1009,
};
const SUBSYSTEM = 0x1100;

const MSIX_BAR = 1;
const STRUCTURES_BAR = 4;
const PAGE = 0x1000;

/**
 * A virtio PCI function. BAR 4 holds the virtio structures, a page for each; BAR 1 holds MSI-X; BAR 0, I/O, the legacy
 * interface.
 *
 * @spec virtio 1.2 §4.1 Virtio Over PCI Bus
 */
export class VirtioPciTransport {
  /** What is plugged into a PCI bus. */
  readonly pci: PciFunction;
  readonly #life: DeviceLifeCycle;
  readonly #vectors: InterruptVectors;
  readonly #common: CommonConfig;
  readonly #legacy: LegacyInterface | undefined;
  readonly #isr: IsrStatus;
  readonly #notify: NotifyStructure;
  readonly #msix: Msix | undefined;

  /** @throws Error when the number of vectors is out of range, or there is no interface. */
  constructor(parts: VirtioPciParts) {
    const { device, vectors = device.queueSizes.length + 1, interfaces = { modern: true, legacy: false } } = parts;
    if (!interfaces.modern && !interfaces.legacy) throw new Error(`${device.name}: a function without any interface`);
    const name = `${device.name}-pci`;
    const events = parts.trace?.events;
    this.#life = new DeviceLifeCycle({
      name,
      device,
      memory: parts.memory,
      trace: parts.trace,
      rings: parts.rings,
      holdCpu: parts.holdCpu,
      queueInterrupt: (queue) => this.#queueInterrupt(queue),
      configInterrupt: () => this.#configInterrupt(),
      runningChanged: () => {
        this.#notify.setRunning(this.#life.running);
        this.#legacy?.setRunning(this.#life.running);
      },
      resetRegisters: () => this.#resetRegisters(),
      resetQueueRegisters: (queue) => this.#vectors.setQueue(queue, NO_VECTOR),
    });
    this.#vectors = new InterruptVectors(vectors, device.queueSizes.length);
    this.#common = new CommonConfig(this.#life, this.#vectors);
    this.#isr = new IsrStatus(() => this.#drivePin());
    this.#notify = new NotifyStructure({
      queues: device.queueSizes.length,
      doorbells: parts.doorbells,
      kick: (queue) => this.#kick(queue),
      written: (queue, width, value) => this.#checkNotification(queue, width, value),
    });
    const bars: Bar[] = [];
    const capabilities: PciCapability[] = [];
    if (interfaces.modern) {
      const structures = this.#structures(events);
      bars.push(structures.bar);
      capabilities.push(...structures.capabilities);
    }
    if (interfaces.legacy) {
      this.#legacy = new LegacyInterface({
        life: this.#life,
        vectors: this.#vectors,
        config: configTarget(device),
        msixEnabled: vectors === 0 ? undefined : () => this.#msix?.enabled ?? false,
        kick: (queue) => this.#kick(queue),
        takeIsr: () => this.#isr.take(),
        doorbells: parts.doorbells,
        events,
      });
      bars.push(this.#legacy.bar);
    }
    if (vectors !== 0) {
      this.#msix = new Msix({
        vectors,
        barIndex: MSIX_BAR,
        messages: parts.messages,
        events,
        maySend: () => this.pci.busMaster,
        controlChanged: () => this.#drivePin(),
      });
      bars.push(this.#msix.bar);
      capabilities.push(this.#msix.capability);
    }
    this.pci = new PciFunction({
      name,
      identity: identityOf(device, interfaces),
      interruptPin: 1,
      bars,
      capabilities,
      events,
      commandChanged: () => this.#commandChanged(),
      reset: () => {
        this.#life.writeStatus(0);
        this.#resetRegisters();
        this.#msix?.reset();
      },
    });
  }

  /** Resolves when no reset is under way any more: after `pci.reset()`, nothing of the old life touches guest memory then. */
  get drained(): Promise<void> {
    return this.#life.drained;
  }

  /** Lays out BAR 4 and makes the capabilities that describe it. */
  #structures(events: EventPort | undefined): { readonly bar: Bar; readonly capabilities: PciCapability[] } {
    const { device } = this.#life;
    const common = this.#common.registers;
    const isr = this.#isr.registers;
    const structures: { readonly type: StructureType; readonly region: BarRegion }[] = [
      { type: 'common', region: { length: common.length, target: registerTarget('common_cfg', common, events) } },
      { type: 'isr', region: { length: isr.length, target: registerTarget('isr', isr, events) } },
    ];
    if (device.configLength > 0) {
      structures.push({ type: 'device', region: { length: device.configLength, target: configTarget(device) } });
    }
    structures.push({ type: 'notify', region: this.#notify });

    const layout = layOutBar(
      'virtio',
      structures.map(({ region }) => region),
      { alignment: PAGE, minimum: 4 * PAGE },
    );
    const notifyOffset = layout.offsets.at(-1) ?? 0;
    const bar: Bar = {
      index: STRUCTURES_BAR,
      kind: 'memory-64',
      // Though a read clears the ISR: other machines show this device so, and drivers map it uncached whatever it says.
      prefetchable: true,
      length: layout.length,
      target: layout.target,
      moved: (address) => this.#notify.moved(address === undefined ? undefined : asGpa(address + notifyOffset)),
    };
    const capabilities = structures.map(({ type, region: { length } }, index) =>
      structureCapabilityAt(
        type,
        { bar: STRUCTURES_BAR, offset: layout.offsets[index] ?? 0, length },
        type === 'notify' ? NOTIFY_OFF_MULTIPLIER : undefined,
      ),
    );
    const access = pciConfigAccess(
      () => this.pci.bars,
      (why) => this.#life.fault(why),
    );
    return { bar, capabilities: [...capabilities, access] };
  }

  #kick(queue: number): void {
    if (this.pci.busMaster) this.#life.kick(queue);
  }

  /** @spec virtio 1.2 §4.1.5.2 Available Buffer Notifications */
  #checkNotification(queue: number, width: AccessWidth, value: number): void {
    if ((this.#life.agreed & RING_FEATURE.notificationData) === 0n) return;
    if (width === 4 && readNotification(value).queue === queue) return;
    this.#life.fault(`queue ${queue} was rung with ${width} bytes 0x${value.toString(16)}, not with notification data`);
  }

  #commandChanged(): void {
    if (!this.pci.busMaster) return;
    // Whatever came while bus mastering was off is made up for now.
    this.#msix?.deliverPending();
    this.#life.kickAll();
  }

  /** @spec virtio 1.2 §4.1.5.3 Used Buffer Notifications */
  #queueInterrupt(queue: number): void {
    if (this.#msix?.enabled) this.#trigger(this.#vectors.queue(queue));
    else this.#isr.set('queue');
  }

  /** @spec virtio 1.2 §4.1.5.4 Notification of Device Configuration Changes */
  #configInterrupt(): void {
    this.#isr.set('config');
    if (this.#msix?.enabled) this.#trigger(this.#vectors.config);
  }

  #trigger(vector: number): void {
    if (vector !== NO_VECTOR) this.#msix?.trigger(vector);
  }

  #drivePin(): void {
    this.pci.setInterrupt(this.#isr.pending && !(this.#msix?.enabled ?? false));
  }

  #resetRegisters(): void {
    this.#common.reset();
    this.#legacy?.reset();
    this.#vectors.reset();
    this.#isr.take();
    this.#msix?.clearPending();
  }
}

/** The device-specific configuration as the transport maps it. @spec virtio 1.2 §4.1.4.6 Device-specific configuration */
function configTarget(device: VirtioDevice): BusTarget {
  return {
    name: 'device_cfg',
    read: (offset, width) => device.readConfig(offset, width),
    write: (offset, width, value) => device.writeConfig(offset, width, value),
  };
}
