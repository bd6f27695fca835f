/**
 * The console device with one port: what the guest writes goes to the host, what the host types goes into the buffers the
 * driver offers for it, and stays with the host until there are some.
 *
 * @spec virtio 1.2 §5.3 Console Device
 */
import type { AccessWidth, Defer } from '../ports.ts';
import { type ConsoleOwner, consoleConfig } from './console-config-registers.ts';
import { CONSOLE_FEATURE } from './console-features.ts';
import { ConsoleOutput } from './console-output.ts';
import type { DeviceContext, VirtioDevice } from './device.ts';
import type { Chain, Virtqueue } from './virtqueue.ts';

const DEVICE_ID = 3;
const QUEUE_SIZE = 64;
/** receiveq and transmitq of port 0. @spec virtio 1.2 §5.3.2 Virtqueues */
const [RECEIVEQ, TRANSMITQ] = [0, 1] as const;
/** Base class 7, subclass 0x80, as QEMU presents this device; drivers match the virtio id, not the class. */
const PCI_CLASS = 0x07_80_00;
/** Buffers looked at, or pieces of them handed over, in one turn of the device thread. */
const STEPS_PER_TURN = 32;
/** What a console device is connected to. */
export interface ConsoleDeviceOptions {
  readonly defer: Defer;
  /** Takes bytes the guest wrote; they belong to the callee. False asks for a pause, until `resumeOutput`. */
  transmit(bytes: Uint8Array): boolean;
  /** `receive` may have room again. */
  readyForInput(): void;
  /** Size of the terminal at first; 0 by 0 for none. */
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

/** A virtio console device. */
export class ConsoleDevice implements VirtioDevice, ConsoleOwner {
  readonly name = 'virtio-console';
  readonly deviceId = DEVICE_ID;
  readonly pciClass = PCI_CLASS;
  readonly features = CONSOLE_FEATURE.size | CONSOLE_FEATURE.emergWrite;
  readonly queueSizes: readonly number[] = [QUEUE_SIZE, QUEUE_SIZE];
  readonly configLength = consoleConfig.length;
  rows: number;
  columns: number;
  readonly #config;
  readonly #options: ConsoleDeviceOptions;
  #context: DeviceContext | undefined;
  /** A rule was broken: nothing more is taken. */
  #broken = false;
  /**
   * The guest has written something in this life. Linux throws away what is typed between offering its buffers and setting
   * up the port, so nothing is typed before.
   */
  #heard = false;
  #turnDue = false;
  readonly #output: ConsoleOutput;

  constructor(options: ConsoleDeviceOptions) {
    this.#options = options;
    this.rows = options.rows ?? 0;
    this.columns = options.columns ?? 0;
    this.#config = consoleConfig.instance(this);
    this.#output = new ConsoleOutput((bytes) => options.transmit(bytes));
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#config.read(offset, width) ?? 0;
  }

  writeConfig(offset: number, width: AccessWidth, value: number) {
    return this.#config.write(offset, width, value);
  }

  explainConfig(offset: number, width: AccessWidth, value: number): string {
    return this.#config.explain(offset, width, value);
  }

  /** @spec virtio 1.2 §5.3.6.1 Driver Requirements: Device Operation */
  emergencyWrite(value: number): void {
    this.#output.write(Uint8Array.of(value & 0xff));
  }

  /** The terminal has another size, each 0 to 65,535: the driver is told. @spec virtio 1.2 §5.3.6 Device Operation */
  resize(rows: number, columns: number): void {
    if (rows === this.rows && columns === this.columns) return;
    this.rows = rows;
    this.columns = columns;
    if (((this.#context?.features ?? 0n) & CONSOLE_FEATURE.size) !== 0n) this.#context?.notifyConfigChange();
  }

  activate(context: DeviceContext): void {
    this.#context = context;
    this.#broken = false;
    this.#later();
  }

  queueNotify(index: number): void {
    if (index === TRANSMITQ) this.#send();
    else if (index === RECEIVEQ) this.#options.readyForInput();
  }

  /**
   * Types bytes; returns how many the driver had room for, none before it has written something. For the rest wait for
   * `readyForInput`.
   */
  receive(bytes: Uint8Array): number {
    const queue = this.#context?.queue(RECEIVEQ);
    if (queue === undefined || !this.#heard) return 0;
    let taken = 0;
    let left = STEPS_PER_TURN;
    for (; left > 0 && taken < bytes.length; left -= 1) {
      const chain = this.#pop(queue);
      if (chain === undefined) break;
      let written = 0;
      for (const segment of chain.writable) {
        const part = bytes.subarray(taken, taken + segment.length);
        segment.set(part);
        written += part.length;
        taken += part.length;
      }
      queue.push(chain, written);
    }
    this.#context?.notifyUsed(queue);
    if (left === 0) this.#later();
    return taken;
  }

  /** The host can take output again. */
  resumeOutput(): void {
    if (this.#output.resume()) this.#later();
  }

  /** The rest of what was on its way is lost. */
  queueReset(index: number): void {
    if (index === TRANSMITQ) this.#output.giveBack();
  }

  async reset(): Promise<void> {
    this.#context = undefined;
    this.#output.forget();
    this.#heard = false;
  }

  #send(): void {
    const queue = this.#context?.queue(TRANSMITQ);
    if (queue === undefined) return;
    let left = STEPS_PER_TURN;
    for (; left > 0 && !this.#output.isBlocked; left -= 1) {
      if (!this.#output.isSending) {
        const chain = this.#pop(queue);
        if (chain === undefined) break;
        this.#output.begin(queue, chain);
        if (!this.#heard) this.#later();
        this.#heard = true;
      }
      this.#output.step();
    }
    this.#context?.notifyUsed(queue);
    if (left === 0) this.#later();
  }

  /** The next chain, or undefined where there is none; then a kick will come. */
  #pop(queue: Virtqueue): Chain | undefined {
    while (!this.#broken) {
      const outcome = queue.pop();
      if (outcome === 'empty') {
        if (!queue.allowKicks()) return undefined;
      } else if (outcome.kind === 'fault') {
        this.#broken = true;
        this.#context?.needsReset(outcome.message);
      } else return outcome;
    }
    return undefined;
  }

  /** Looks at both queues in a later turn. */
  #later(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#options.defer(() => {
      this.#turnDue = false;
      if (this.#context === undefined) return;
      this.#send();
      this.#options.readyForInput();
    });
  }
}
