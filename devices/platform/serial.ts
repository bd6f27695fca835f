/**
 * A serial port: the 16550A every PC kernel can drive. Characters take no time; what a slow host cannot take holds the
 * transmitter up, and what the guest does not read holds the host's input up.
 *
 * @spec National Semiconductor PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs
 */
import type { AccessWidth, BusTarget, Defer, InterruptLine, Resettable } from '../ports.ts';
import {
  DIVISOR_LATCH_ACCESS,
  FIFO_CONTROL,
  FIFOS_ENABLED,
  INTERRUPT_ENABLE,
  INTERRUPT_ID,
  LINE_STATUS,
  MODEM_CONTROL,
  MODEM_STATUS,
  type SerialOwner,
  serialDivisorRegisters,
  serialRegisters,
  TRIGGER_LEVELS,
} from './serial-registers.ts';

const FIFO_LENGTH = 16;
/** Output kept for one call of `transmit`. */
const OUTPUT_BATCH = 4096;

/** What a serial port is connected to. */
export interface SerialOptions {
  /** Interrupt request of the port; ISA interrupt 4 for the first one. */
  readonly line: InterruptLine;
  readonly defer: Defer;
  /** Takes bytes the guest sent; they belong to the callee. False asks for a pause, until `resumeOutput`. */
  transmit(bytes: Uint8Array): boolean;
  /** Called when `receive` has room again after it took less than it was given. */
  readyForInput?(): void;
}

/** One 16550A at eight ports. */
export class SerialPort implements BusTarget, Resettable {
  readonly name = 'serial';
  readonly #options: SerialOptions;
  readonly #registers;
  readonly #divisor;
  readonly #received: number[] = [];
  #output = new Uint8Array(OUTPUT_BATCH);
  #outputLength = 0;
  #flushDue = false;
  /** The host asked for a pause: the transmitter holds one batch at most and says it is busy. */
  #outputPaused = false;
  /** Input was refused and its source waits to be told. */
  #inputRefused = false;
  #interruptEnable = 0;
  #transmitterEvent = false;
  #fifosEnabled = false;
  #trigger = 1;
  #modemControl = 0;
  #overrun = false;

  constructor(options: SerialOptions) {
    this.#options = options;
    const owner = this.#owner();
    this.#registers = serialRegisters.instance(owner);
    this.#divisor = serialDivisorRegisters.instance(owner);
  }

  read(offset: number, width: AccessWidth): number {
    let value = 0;
    for (let i = 0; i < width; i += 1) value += (this.#bankAt(offset + i).read(offset + i, 1) ?? 0xff) * 2 ** (8 * i);
    return value;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    for (let i = 0; i < width; i += 1) this.#bankAt(offset + i).write(offset + i, 1, (value >>> (8 * i)) & 0xff);
  }

  /** Offers bytes to the guest; returns how many fitted. For the rest wait for `readyForInput`. */
  receive(bytes: Uint8Array): number {
    const looped = (this.#modemControl & MODEM_CONTROL.loop) !== 0;
    const room = looped ? 0 : Math.max(this.#receiverRoom(), 0);
    const taken = bytes.subarray(0, room);
    this.#received.push(...taken);
    this.#inputRefused ||= taken.length < bytes.length;
    this.#updateLine();
    return taken.length;
  }

  /** The host can take output again. */
  resumeOutput(): void {
    if (!this.#outputPaused) return;
    this.#outputPaused = false;
    this.flush();
    if (!this.#outputPaused) this.#transmitterEvent = true;
    this.#updateLine();
  }

  /** Hands over at once what the guest has sent: before the machine ends. */
  flush(): void {
    if (this.#outputLength === 0) return;
    const bytes = this.#output.slice(0, this.#outputLength);
    this.#outputLength = 0;
    if (!this.#options.transmit(bytes)) this.#outputPaused = true;
  }

  /** Back to power-on. What the guest has sent goes out, what it has not read is lost. */
  reset(): void {
    this.flush();
    this.#registers.reset();
    this.#divisor.reset();
    this.#received.length = 0;
    this.#overrun = false;
    this.#interruptEnable = 0;
    this.#transmitterEvent = false;
    this.#fifosEnabled = false;
    this.#trigger = 1;
    this.#modemControl = 0;
    this.#updateLine();
    this.#askForInput();
  }

  #bankAt(offset: number) {
    const divisor = offset < serialDivisorRegisters.length && (this.#registers.get('LCR') & DIVISOR_LATCH_ACCESS) !== 0;
    return divisor ? this.#divisor : this.#registers;
  }

  #receiverRoom(): number {
    return (this.#fifosEnabled ? FIFO_LENGTH : 1) - this.#received.length;
  }

  #owner(): SerialOwner {
    const port = this;
    return {
      takeReceived: () => this.#takeReceived(),
      transmit: (byte) => this.#transmit(byte),
      get interruptEnable() {
        return port.#interruptEnable;
      },
      setInterruptEnable: (bits) => this.#setInterruptEnable(bits),
      identifyInterrupt: () => this.#identifyInterrupt(),
      setFifoControl: (bits) => this.#setFifoControl(bits),
      get modemControl() {
        return port.#modemControl;
      },
      setModemControl: (bits) => this.#setModemControl(bits),
      takeLineStatus: () => this.#takeLineStatus(),
      get modemStatus() {
        return port.#modemStatus();
      },
    };
  }

  #takeReceived(): number {
    const byte = this.#received.shift() ?? 0;
    this.#updateLine();
    this.#askForInput();
    return byte;
  }

  #askForInput(): void {
    if (!this.#inputRefused || this.#receiverRoom() <= 0 || (this.#modemControl & MODEM_CONTROL.loop) !== 0) return;
    this.#inputRefused = false;
    // Not from within the guest's access: the source may answer with `receive` at once.
    this.#options.defer(() => this.#options.readyForInput?.());
  }

  #transmit(byte: number): void {
    if ((this.#modemControl & MODEM_CONTROL.loop) !== 0) {
      if (this.#receiverRoom() > 0) this.#received.push(byte);
      else this.#overrun = true;
    } else {
      this.#putOutput(byte);
    }
    this.#transmitterEvent = !this.#outputPaused;
    this.#updateLine();
  }

  #putOutput(byte: number): void {
    if (this.#outputLength === OUTPUT_BATCH) {
      // Software that writes to a busy transmitter loses what it writes, as on the real one.
      if (this.#outputPaused) return;
      this.flush();
    }
    this.#output[this.#outputLength] = byte;
    this.#outputLength += 1;
    if (this.#flushDue || this.#outputPaused) return;
    this.#flushDue = true;
    this.#options.defer(() => {
      this.#flushDue = false;
      if (!this.#outputPaused) this.flush();
    });
  }

  #setInterruptEnable(bits: number): void {
    const enabled = bits & 0x0f;
    const newly = enabled & ~this.#interruptEnable;
    this.#interruptEnable = enabled;
    // Enabling the transmitter's interrupt while it is empty is an event of its own; drivers start output with it.
    if ((newly & INTERRUPT_ENABLE.transmitterEmpty) !== 0 && !this.#outputPaused) this.#transmitterEvent = true;
    this.#updateLine();
  }

  #setFifoControl(bits: number): void {
    const enable = (bits & FIFO_CONTROL.enable) !== 0;
    // Switching the FIFOs on or off empties them too.
    if (enable !== this.#fifosEnabled || (bits & FIFO_CONTROL.clearReceiver) !== 0) this.#received.length = 0;
    this.#fifosEnabled = enable;
    this.#trigger = enable ? (TRIGGER_LEVELS[bits >> FIFO_CONTROL.triggerShift] ?? 1) : 1;
    this.#updateLine();
    this.#askForInput();
  }

  #setModemControl(bits: number): void {
    this.#modemControl = bits & 0x1f;
    this.#updateLine();
    this.#askForInput();
  }

  #takeLineStatus(): number {
    const received = this.#received.length > 0 ? LINE_STATUS.dataReady : 0;
    const overrun = this.#overrun ? LINE_STATUS.overrun : 0;
    const empty = this.#outputPaused ? 0 : LINE_STATUS.holdingEmpty | LINE_STATUS.transmitterEmpty;
    this.#overrun = false;
    this.#updateLine();
    return received | overrun | empty;
  }

  #modemStatus(): number {
    const control = this.#modemControl;
    if ((control & MODEM_CONTROL.loop) === 0) return MODEM_STATUS.cts | MODEM_STATUS.dsr | MODEM_STATUS.dcd;
    return (
      ((control & MODEM_CONTROL.rts) !== 0 ? MODEM_STATUS.cts : 0) |
      ((control & MODEM_CONTROL.dtr) !== 0 ? MODEM_STATUS.dsr : 0) |
      ((control & MODEM_CONTROL.out1) !== 0 ? MODEM_STATUS.ri : 0) |
      ((control & MODEM_CONTROL.out2) !== 0 ? MODEM_STATUS.dcd : 0)
    );
  }

  #pendingInterrupt(): number {
    const enabled = this.#interruptEnable;
    if (this.#overrun && (enabled & INTERRUPT_ENABLE.lineStatus) !== 0) return INTERRUPT_ID.lineStatus;
    if (this.#received.length > 0 && (enabled & INTERRUPT_ENABLE.received) !== 0) {
      // Fewer bytes than the trigger level wait for four character times, which take no time here.
      return this.#received.length >= this.#trigger ? INTERRUPT_ID.received : INTERRUPT_ID.timeout;
    }
    if (this.#transmitterEvent && (enabled & INTERRUPT_ENABLE.transmitterEmpty) !== 0) {
      return INTERRUPT_ID.transmitterEmpty;
    }
    return INTERRUPT_ID.none;
  }

  #identifyInterrupt(): number {
    const pending = this.#pendingInterrupt();
    if (pending === INTERRUPT_ID.transmitterEmpty) {
      this.#transmitterEvent = false;
      this.#updateLine();
    }
    return pending | (this.#fifosEnabled ? FIFOS_ENABLED : 0);
  }

  /** On a PC the interrupt passes a gate that OUT2 opens; in loopback the outputs are disconnected. */
  #updateLine(): void {
    const gate = this.#modemControl & (MODEM_CONTROL.out2 | MODEM_CONTROL.loop);
    this.#options.line.set(gate === MODEM_CONTROL.out2 && this.#pendingInterrupt() !== INTERRUPT_ID.none);
  }
}
