import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { TSVMM, tsvmm } from '../support/tsvmm.ts';
import { ask, connect, connectWhenFree } from './line-client.ts';
import { MachineProcess, TSVMM_DRIVEN } from './machine-process.ts';
import { mapBars, qosConfig } from './pci.ts';
import { QmpClient } from './qmp-client.ts';

jest.setTimeout(300_000);

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-qtest-process-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const RNG = ['-device', 'virtio-rng-pci,addr=05.0'];

describe('the process of a machine without a CPU', () => {
  test('SIGTERM ends it with status 0, and nothing is said', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, []);
    expect(machine.qtest.do('endianness')).toBe('little');
    await machine.monitor.command('qmp_capabilities');
    const ended = machine.end('SIGTERM');
    expect(await machine.monitor.event('SHUTDOWN')).toMatchObject({ data: { guest: false, reason: 'host-signal' } });
    expect([await ended, machine.stderr]).toEqual([0, '']);
  });

  test('it ends when its client hangs up', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, []);
    await machine.hangUp();
    expect([await machine.end(), machine.stderr]).toEqual([0, '']);
  });

  test('quit ends it, and is answered and announced', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, []);
    await machine.monitor.command('qmp_capabilities');
    expect(await machine.monitor.command('quit')).toEqual({ return: {} });
    expect(await machine.monitor.event('SHUTDOWN')).toMatchObject({ data: { guest: false, reason: 'host-qmp-quit' } });
    expect(await machine.end()).toBe(0);
  });

  test('system_reset puts devices back to power-on and leaves memory', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, RNG);
    const config = qosConfig(machine.qtest.ports, 5);
    expect(mapBars(config).map(({ kind }) => kind)).toEqual(['io', 'memory-32', 'memory-64']);
    machine.qtest.memory.write(0x10_0000, 4, 0x1234);
    expect([config.read(0x04, 2), config.read(0x10, 4)]).toEqual([7, 0xc001]);
    await machine.monitor.command('qmp_capabilities');
    expect(await machine.monitor.command('system_reset')).toEqual({ return: {} });
    expect(await machine.monitor.event('RESET')).toMatchObject({ data: { guest: false } });
    expect([config.read(0x04, 2), config.read(0x10, 4)]).toEqual([0, 1]);
    expect(machine.qtest.memory.read(0x10_0000, 4)).toBe(0x1234);
    await machine.end('SIGTERM');
  });

  test('software resets it by the keyboard controller, and switches it off', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, []);
    await machine.monitor.command('qmp_capabilities');
    machine.qtest.ports.write(0x64, 1, 0xfe);
    expect(await machine.monitor.event('RESET')).toMatchObject({ data: { guest: true } });
    machine.qtest.ports.write(0x604, 2, 0x2000);
    expect(await machine.monitor.event('SHUTDOWN')).toMatchObject({ data: { guest: true, reason: 'guest-shutdown' } });
    expect([await machine.end(), machine.stderr]).toEqual([0, 'tsvmm: the guest powered off\n']);
  });

  test('-machine none answers the monitor', async () => {
    const machine = await MachineProcess.start(TSVMM_DRIVEN, ['-machine', 'none']);
    await machine.monitor.command('qmp_capabilities');
    expect(await machine.monitor.command('query-machines')).toMatchObject({
      return: [{ name: 'pc' }, { name: 'none' }],
    });
    expect(machine.qtest.do('inl 0xcfc')).toBe('0xffffffff');
    await machine.end('SIGTERM');
  });

  test('it goes by the name that libqos insists on', async () => {
    const link = join(scratch, 'tsvmm-system-x86_64');
    symlinkSync(TSVMM, link);
    const machine = await MachineProcess.start({ ...TSVMM_DRIVEN, command: [link] }, ['-M', 'pc']);
    expect(machine.qtest.do('endianness')).toBe('little');
    await machine.end('SIGTERM');
  });

  test('a place on the bus that is taken is one line', async () => {
    const args = ['-qtest', 'unix:/nowhere', ...RNG, ...RNG];
    expect(await tsvmm(args)).toEqual({
      status: 2,
      stdout: '',
      stderr: "tsvmm: device 'virtio-rng': addr=05.0: device 'virtio-rng' asks for that place too; choose another\n",
    });
  });

  test.each([
    [
      ['-qtest', `unix:${scratch}/none`],
      `--qtest: unix:${scratch}/none does not exist; start what listens there first`,
    ],
    [['-qtest', `unix:${scratch}/file`], `--qtest: unix:${scratch}/file has nobody listening; start`],
    [['-qtest', 'tcp:127.0.0.1:1'], '--qtest: tcp:127.0.0.1:1 has nobody listening; start'],
    [
      ['-qtest', `unix:${scratch}/s`, '-qtest-log', scratch],
      `--qtest-log: ${scratch} cannot be written (EISDIR); name`,
    ],
    [['-accel', 'qtest', '-qmp', `unix:${scratch}/none`], `--qmp: unix:${scratch}/none does not exist; start`],
  ])('%j cannot be had', async (args, line) => {
    writeFileSync(join(scratch, 'file'), '');
    const { status, stderr } = await tsvmm(args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`tsvmm: ${line}`)]);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

describe('a machine that listens', () => {
  test('serves one client after another, one at a time, and logs what is said', async () => {
    const [path, monitor, log] = ['served', 'monitor', 'log'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    const options = ['--accel', 'qtest', '--qtest-log', log];
    const sockets = ['--qtest', `unix:${path},server=on,wait=off`, '--qmp', `unix:${monitor},server=on,wait=off`];
    const child = spawn(process.execPath, [TSVMM, 'run', ...options, ...sockets], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    try {
      const first = await connect(path);
      expect(await ask(first, 'writeb 0 7')).toBe('OK');
      const second = await connect(path);
      await once(second, 'close');
      // A hostile client is hung up on by itself; the machine stays.
      first.write('irq_intercept_in ioapic\nread 0 0x100000\nread 0 0x100000\n');
      first.destroy();
      const third = await connectWhenFree(path);
      expect(await ask(third, 'readb 0')).toBe('OK 0x0000000000000007');
      const client = await QmpClient.greeted(await connect(monitor));
      await client.command('qmp_capabilities');
      await client.command('quit');
      third.destroy();
      client.close();
      expect((await exit)[0]).toBe(0);
      expect([existsSync(path), existsSync(monitor)]).toEqual([false, false]);
      const lines = readFileSync(log, 'utf8')
        .split('\n')
        .map((line) => line.replace(/ \+[\d.]+\]/, ']'));
      expect(lines.slice(0, 3)).toEqual(['[I] OPENED', '[R] writeb 0 7', '[S] OK']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
