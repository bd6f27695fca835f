import { errorCode } from '../host/error-code.ts';
import { EscapeKeys } from './escape-keys.ts';
import { CONSOLE_KEYS } from './help.ts';
import type { Machine } from './machine-port.ts';
import type { OutputStream, ProcessIo } from './process-io.ts';
import { say } from './report.ts';
import { ScreenModes } from './screen-modes.ts';
import type { SignalWatch } from './signals.ts';
import { Stopping } from './stopping.ts';
import { makeRaw } from './terminal.ts';
import { written } from './written.ts';

const CTRL_D = Uint8Array.of(0x04);
const LINE_FEED = 0x0a;

/** A guest that has said nothing for so long may be waiting for input itself. */
const SILENCE_LIMIT_MS = 20_000;

/**
 * Runs a machine with its console on this process: on a terminal every key goes to the guest but tsvmm's own, from a pipe
 * every byte, and its end as Ctrl-D. A pipe is read only once the guest has said something, because a serial port loses
 * what arrives before the guest has opened it. Returns the exit status.
 */
export async function runConsole(machine: Machine, io: ProcessIo, signals: SignalWatch): Promise<number> {
  const stopping = new Stopping(machine, io);
  signals.handle((signal) => stopping.bySignal(signal));
  stopping.whenUnread(io.stdout);
  const release: (() => void)[] = [() => stopping.close()];
  let screen = new ScreenModes();
  let lineIsOpen = false;
  const leaveScreen = (): void => {
    if (io.stdout.isTTY) io.stdout.write(screen.undo() + (lineIsOpen ? '\n' : ''));
  };
  let attached = false;
  const attachInput = (): void => {
    if (attached) return;
    attached = true;
    release.push(io.stdin.isTTY ? attachTerminal(machine, io) : attachPipe(machine, io));
  };
  release.push(followSize(machine, io.stdout));
  machine.onConsole((bytes) => {
    attachInput();
    screen.see(bytes);
    lineIsOpen = bytes.at(-1) !== LINE_FEED;
    return written(io.stdout, bytes);
  });
  machine.onReset(({ line }) => {
    leaveScreen();
    screen = new ScreenModes();
    lineIsOpen = false;
    say(io.stderr, line);
  });
  try {
    await machine.start();
    if (io.stdin.isTTY) attachInput();
    const patience = setTimeout(attachInput, SILENCE_LIMIT_MS);
    release.push(() => clearTimeout(patience));
    const end = await machine.ended;
    attached = true;
    for (const undo of release.splice(0)) undo();
    leaveScreen();
    return stopping.report(end);
  } finally {
    for (const undo of release) undo();
  }
}

/** Tells the machine of each new size of the terminal. */
function followSize(machine: Machine, stdout: OutputStream): () => void {
  const onResize = (): void => {
    const { rows, columns } = stdout;
    if (rows && columns) machine.resizeConsole(rows, columns);
  };
  stdout.on('resize', onResize);
  return () => void stdout.off('resize', onResize);
}

function attachTerminal(machine: Machine, io: ProcessIo): () => void {
  const keys = new EscapeKeys();
  const onData = (typed: Uint8Array): void => {
    for (const action of keys.feed(typed)) {
      if (action.kind === 'send') void machine.writeConsole(action.bytes);
      else if (action.kind === 'leave') void machine.stop();
      else for (const line of CONSOLE_KEYS) io.stderr.write(`${line}\n`);
    }
  };
  say(io.stderr, 'Ctrl-A x stops the machine, Ctrl-A h lists the keys');
  const terminal = makeRaw(io.stdin, io.events, () => io.suspend());
  io.stdin.on('data', onData);
  return () => {
    io.stdin.off('data', onData);
    io.stdin.pause();
    terminal.restore();
  };
}

function attachPipe(machine: Machine, io: ProcessIo): () => void {
  let isAttached = true;
  const feed = async (): Promise<void> => {
    try {
      for await (const bytes of io.stdin) await machine.writeConsole(bytes);
    } catch (error) {
      if (isAttached) say(io.stderr, `stdin cannot be read and counts as ended: ${errorCode(error)}`);
    }
    if (isAttached) await machine.writeConsole(CTRL_D);
  };
  void feed();
  return () => {
    isAttached = false;
    io.stdin.destroy();
  };
}
