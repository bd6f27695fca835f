import { EventEmitter, once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { type MachineEnd, type MachineEndReason, machineEnd } from '../../exit-status.ts';
import { type GuestReset, RESET_LINES } from '../../guest-reset.ts';
import type { ExecStreams, Machine, RunningCommand } from '../machine-port.ts';
import type { ProcessIo } from '../process-io.ts';

/** A stream that keeps what is written to it. */
export class Collector extends Writable {
  isTTY = false;
  columns = 80;
  rows = 24;
  text = '';

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.text += chunk.toString('latin1');
    callback();
  }
}

/** A stdin that knows whether it is raw. */
export class FakeStdin extends PassThrough {
  isTTY = false;
  modes: boolean[] = [];

  setRawMode(raw: boolean): this {
    this.modes.push(raw);
    return this;
  }
}

/** A process whose ends are all in the test's hands. */
export class FakeProcess implements ProcessIo {
  readonly stdin = new FakeStdin();
  readonly stdout = new Collector();
  readonly stderr = new Collector();
  readonly env: Record<string, string | undefined> = { TERM: 'xterm' };
  readonly events = new EventEmitter();
  readonly exits: number[] = [];
  suspensions = 0;

  suspend(): void {
    this.suspensions++;
  }

  exit(status: number): void {
    this.exits.push(status);
  }

  /** Makes stdin and stdout a terminal. */
  onTerminal(): this {
    this.stdin.isTTY = true;
    this.stdout.isTTY = true;
    return this;
  }

  /** Listeners left on the process. */
  get listeners(): string[] {
    return this.events.eventNames().map(String);
  }
}

/** A command that ends when the test says so. */
export interface FakeCommand {
  readonly argv: readonly string[];
  readonly streams: ExecStreams;
  readonly signals: number[];
  finish(status: number): void;
  fail(error: Error): void;
}

/** A machine that does nothing by itself. */
export class FakeMachine implements Machine {
  readonly events = new EventEmitter();
  readonly typed: number[] = [];
  readonly commands: FakeCommand[] = [];
  readonly sizes: (readonly [rows: number, columns: number])[] = [];
  readonly ended: Promise<MachineEnd>;
  stops = 0;
  isStarted = false;
  /** Whether `stop` takes effect. */
  obeys = true;
  end: (end: MachineEnd) => void = () => {};

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  start(): void {
    this.isStarted = true;
    this.events.emit('started');
  }

  onConsole(listener: (bytes: Uint8Array) => void | Promise<void>): void {
    this.events.on('console', listener);
  }

  onReset(listener: (reset: Pick<GuestReset, 'line' | 'reason'>) => void): void {
    this.events.on('reset', listener);
  }

  async reset(): Promise<void> {
    this.events.emit('reset', { line: RESET_LINES.requested, reason: 'requested' } satisfies Partial<GuestReset>);
  }

  resizeConsole(rows: number, columns: number): void {
    this.sizes.push([rows, columns]);
  }

  async writeConsole(bytes: Uint8Array): Promise<void> {
    this.typed.push(...bytes);
  }

  exec(argv: readonly string[], streams: ExecStreams = {}): RunningCommand {
    const signals: number[] = [];
    const result = new Promise<{ status: number }>((resolve, reject) => {
      const finish = (status: number): void => resolve({ status });
      this.commands.push({ argv, streams, signals, finish, fail: reject });
    });
    setImmediate(() => this.events.emit('command'));
    return Object.assign(result, { signal: (number: number) => void signals.push(number) });
  }

  stop(): Promise<MachineEnd> {
    this.stops++;
    if (this.obeys) this.end(machineEnd('stopped'));
    return this.ended;
  }

  /** Console output of the guest. */
  say(text: string): void {
    this.events.emit('console', Buffer.from(text));
  }

  /** Ends as a guest does. */
  finish(reason: MachineEndReason, detail?: string, report?: string): void {
    this.end(machineEnd(reason, detail, report));
  }

  /** Settles once the machine runs, after the command line has attached itself. */
  async started(): Promise<void> {
    if (!this.isStarted) await once(this.events, 'started');
    await new Promise(setImmediate);
  }

  /** Settles once a command runs. */
  async command(): Promise<FakeCommand> {
    if (this.commands.length === 0) await once(this.events, 'command');
    const [command] = this.commands;
    if (command === undefined) throw new Error('no command runs');
    return command;
  }
}
