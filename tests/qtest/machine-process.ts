import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TSVMM } from '../support/tsvmm.ts';
import { QmpClient } from './qmp-client.ts';
import { Qtest } from './qtest.ts';
import { QtestSocket } from './qtest-socket.ts';

/** A program that can be driven by qtest. */
export interface Driven {
  readonly name: string;
  readonly command: readonly string[];
  /** Options that keep its CPU from executing anything. */
  readonly accel: readonly string[];
  /** Why it is not here. */
  readonly missing?: string;
  /** Why it has not the tree of `-fsdev synth`. */
  readonly withoutSynth?: string;
}

const QEMU = process.env.TSVMM_TEST_QEMU ?? 'qemu-system-x86_64';
const accelerators = spawnSync(QEMU, ['-accel', 'help'], { encoding: 'utf8' });
/** Distributions build it without; then the CPU is stopped before its first instruction. */
const hasQtest = /^qtest$/m.test(accelerators.stdout ?? '');

/** Ours, and the one it is compared with. */
export const TSVMM_DRIVEN: Driven = {
  name: 'tsvmm',
  command: [process.execPath, TSVMM],
  accel: ['-accel', 'qtest'],
};
export const QEMU_DRIVEN: Driven = {
  name: 'QEMU',
  command: [QEMU],
  accel: hasQtest ? ['-accel', 'qtest'] : ['-accel', 'tcg', '-S'],
  ...(accelerators.status === 0 ? {} : { missing: `${QEMU} is not installed: apt-get install qemu-system-x86` }),
  ...(hasQtest ? {} : { withoutSynth: 'this QEMU has no -accel qtest, without which -fsdev synth is empty' }),
};

const PATIENCE_MS = 60_000;

/** A program started as libqos starts one: it connects to a qtest socket and a monitor's. */
export class MachineProcess {
  readonly qtest: Qtest;
  readonly lines: QtestSocket;
  readonly monitor: QmpClient;
  readonly #child: ChildProcess;
  readonly #exit: Promise<[number | null, string | null]>;
  readonly #directory: string;
  #stderr = '';

  private constructor(child: ChildProcess, lines: QtestSocket, monitor: QmpClient, directory: string) {
    this.#child = child;
    this.lines = lines;
    this.qtest = new Qtest(lines);
    this.monitor = monitor;
    this.#directory = directory;
    this.#exit = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  /** Starts it with these options, and waits until it has connected. Rejects where it does not. */
  static async start(
    { command: [file = '', ...before], accel }: Driven,
    args: readonly string[],
  ): Promise<MachineProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'tsvmm-qtest-'));
    const [qtestPath, monitorPath] = [join(directory, 'qtest.sock'), join(directory, 'qmp.sock')];
    const lines = await QtestSocket.listen(qtestPath);
    const server = createServer();
    server.listen(monitorPath);
    await once(server, 'listening');
    const sockets = ['-qtest', `unix:${qtestPath}`, '-qtest-log', join(directory, 'log')];
    const monitor = ['-chardev', `socket,path=${monitorPath},id=char0`, '-mon', 'chardev=char0,mode=control'];
    const child = spawn(file, [...before, ...sockets, ...monitor, '-display', 'none', ...args, ...accel], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const connected = Promise.all([once(server, 'connection'), lines.connected()]);
    const exit = once(child, 'exit').then(() => undefined);
    const outcome = await Promise.race([connected, exit]);
    server.close();
    if (outcome === undefined) {
      await lines.close();
      rmSync(directory, { recursive: true });
      throw new Error(`${file} did not start: ${stderr}`);
    }
    const [[socket]] = outcome;
    return new MachineProcess(child, lines, await QmpClient.greeted(socket), directory);
  }

  /** What it wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Hangs up on the qtest socket. */
  hangUp(): Promise<void> {
    return this.lines.close();
  }

  /** Waits for its end, after a signal if one is given; resolves with the exit status. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    const [status] = await this.#exit;
    clearTimeout(killer);
    await this.lines.close();
    this.monitor.close();
    rmSync(this.#directory, { recursive: true, force: true });
    return status;
  }
}
