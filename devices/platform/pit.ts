/**
 * The 8254 timer of a PC: counter 0 interrupts, counter 1 once refreshed memory, counter 2 drives the speaker and is what
 * kernels measure other clocks by. Its gate and output are in system control port B.
 *
 * @spec Intel 8254 Programmable Interval Timer
 */
import { registerBlock } from '../../bytes/registers.ts';
import type { AccessWidth, BusTarget, Clock, InterruptLine } from '../ports.ts';
import { registerTarget } from '../register-target.ts';
import type { TimerOutput } from './odd-ports.ts';
import { type PitAccess, PitCounter, type PitMode } from './pit-counter.ts';

/** What the registers ask of the timer. */
interface PitOwner {
  readCounter(counter: number): number;
  writeCounter(counter: number, value: number): void;
  control(word: number): void;
}

const counterRow = (counter: 0 | 1 | 2, doc: string) =>
  ({
    name: `counter_${counter}`,
    at: counter,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'Intel 8254 Programming the 8254',
    doc,
    read: (owner: PitOwner) => owner.readCounter(counter),
    write: (owner: PitOwner, value: number) => owner.writeCounter(counter, value),
  }) as const;

/** The four ports. */
export const pitRegisters = registerBlock<PitOwner>('pit', [
  counterRow(0, 'Count of counter 0, byte by byte; its output is the timer interrupt.'),
  counterRow(1, 'Count of counter 1, byte by byte; its output goes nowhere.'),
  counterRow(2, 'Count of counter 2, byte by byte; its output shows in system control port B.'),
  {
    name: 'control_word',
    at: 3,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'Intel 8254 Control Word Format, Read-Back Command',
    doc: 'Mode of a counter, or a command to latch; reads 0.',
    bits: { BCD: 0, MODE: [1, 3], RW: [4, 5], SELECT: [6, 7] },
    read: () => 0,
    write: (owner, word) => owner.control(word),
  },
]);

/** The value of SELECT that is the read-back command, and of RW that is the latch command. */
const SELECT_READ_BACK = 3;
const RW_LATCH = 0;

/** Meaning of RW, of MODE (whose highest bit is ignored in modes 2 and 3). @spec Intel 8254 Control Word Format */
const ACCESSES: readonly PitAccess[] = ['both', 'low', 'high', 'both'];
const MODES: readonly PitMode[] = [0, 1, 2, 3, 4, 5, 2, 3];

/** Bits of the read-back command; COUNT and STATUS are low to latch. */
const READ_BACK = { count: 0x20, status: 0x10, counters: [0x02, 0x04, 0x08] } as const;

const TIMER_COUNTER = 0;
const SPEAKER_COUNTER = 2;

/** The timer: four ports. It has no timer of its own; whoever drives the machine calls `run`. */
export class Pit implements BusTarget, TimerOutput {
  readonly name = 'pit';
  readonly #clock: Clock;
  readonly #line: InterruptLine;
  readonly #ports: BusTarget;
  readonly #counters = [new PitCounter(true), new PitCounter(true), new PitCounter(false)];
  /** Rises of the output of counter 0 that were passed on, since it was last loaded. */
  #rises = 0;

  constructor({ clock, line }: { readonly clock: Clock; readonly line: InterruptLine }) {
    this.#clock = clock;
    this.#line = line;
    this.#ports = registerTarget(
      this.name,
      pitRegisters.instance({
        readCounter: (counter) => this.#counter(counter).read(this.#clock.monotonicMs()),
        writeCounter: (counter, value) => this.#writeCounter(counter, value),
        control: (word) => this.#control(word),
      }),
    );
  }

  read(offset: number, width: AccessWidth): number {
    return this.#ports.read(offset, width);
  }

  write(offset: number, width: AccessWidth, value: number): void {
    this.#ports.write(offset, width, value);
  }

  timerOutput(): boolean {
    return this.#counter(SPEAKER_COUNTER).output(this.#clock.monotonicMs());
  }

  setTimerGate(on: boolean): void {
    this.#counter(SPEAKER_COUNTER).setGate(on, this.#clock.monotonicMs());
  }

  /**
   * Brings the interrupt line to where it is now. Ticks missed since the last call make one interrupt.
   *
   * @returns milliseconds to the next one; Infinity where none is due
   */
  run(): number {
    const now = this.#clock.monotonicMs();
    const counter = this.#counter(TIMER_COUNTER);
    const rises = counter.rises(now);
    if (rises > this.#rises) {
      this.#line.set(false);
      this.#line.set(true);
    }
    this.#rises = rises;
    if (!counter.output(now)) this.#line.set(false);
    return counter.msToRise(now);
  }

  #writeCounter(index: number, value: number): void {
    this.#counter(index).write(value, this.#clock.monotonicMs());
    if (index === TIMER_COUNTER) this.#rises = 0;
  }

  #control(word: number): void {
    const now = this.#clock.monotonicMs();
    const select = word >>> 6;
    if (select === SELECT_READ_BACK) {
      for (const [index, bit] of READ_BACK.counters.entries()) {
        if ((word & bit) === 0) continue;
        if ((word & READ_BACK.count) === 0) this.#counter(index).latchCount(now);
        if ((word & READ_BACK.status) === 0) this.#counter(index).latchStatus(now);
      }
      return;
    }
    const counter = this.#counter(select);
    const access = (word >>> 4) & 3;
    if (access === RW_LATCH) {
      counter.latchCount(now);
      return;
    }
    counter.program(MODES[(word >>> 1) & 7] ?? 0, ACCESSES[access] ?? 'both', (word & 1) !== 0);
    if (select === TIMER_COUNTER) {
      this.#rises = 0;
      this.#line.set(counter.output(now));
    }
  }

  #counter(index: number): PitCounter {
    const counter = this.#counters[index];
    if (counter === undefined) throw new Error(`the timer has no counter ${index}`);
    return counter;
  }
}
