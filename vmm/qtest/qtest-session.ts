import { MOST_BYTES, performLine, type QtestTarget } from './commands.ts';
import { LineCutter } from './line-cutter.ts';

/** As long as the longest line that does anything: a `write` of the most bytes. */
const LONGEST_LINE = 2 * MOST_BYTES + 256;

/** How long lines are answered without a turn for the devices' own work, in milliseconds. */
const TURN_MS = 5;

/** What a session reports to; each is one line without its end. */
export interface QtestOutput {
  /** Sends a line to the client; resolves when it may have another. */
  send(line: string): void | Promise<void>;
  /** Told of each line either way. */
  log?(direction: 'R' | 'S', line: string): void;
}

/** One client that drives a machine: its lines are answered one after the other. */
export class QtestSession {
  readonly #target: QtestTarget;
  readonly #output: QtestOutput;
  readonly #cutter = new LineCutter(LONGEST_LINE);
  #unwatch: (() => void) | undefined;
  #closed = false;

  constructor(target: QtestTarget, output: QtestOutput) {
    this.#target = target;
    this.#output = output;
  }

  /** Answers every line that `bytes` complete; resolves when more may come. */
  async receive(bytes: Uint8Array): Promise<void> {
    let turnBegan = performance.now();
    for (const line of this.#cutter.push(bytes)) {
      if (this.#closed) return;
      await this.#answer(line);
      if (performance.now() - turnBegan > TURN_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        turnBegan = performance.now();
      }
    }
  }

  /** The client is gone: nothing is sent any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  async #answer(line: string | { readonly tooLong: true }): Promise<void> {
    if (typeof line !== 'string') return this.#send(`FAIL a line has ${LONGEST_LINE} bytes at most`);
    this.#output.log?.('R', line);
    if (line.trim() === '') return;
    return this.#send(performLine(line, this.#target, { interceptPins: () => this.#interceptPins() }));
  }

  #interceptPins(): void {
    if (this.#unwatch !== undefined) return;
    this.#unwatch = this.#target.pins.watch((pin, level) => {
      void this.#send(`IRQ ${level ? 'raise' : 'lower'} ${pin}`);
    });
  }

  async #send(line: string): Promise<void> {
    this.#output.log?.('S', line);
    await this.#output.send(line);
  }
}
