import { closeSync, existsSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../../../devices/ports.ts';
import { HostError } from '../../usage-error.ts';
import { QtestHost } from './qtest-host.ts';

const base = 0 as Gpa;
const address = (at: number) => at as Gpa;

test('a message to RAM is written there; others go nowhere', () => {
  const host = QtestHost.create([{ base, length: 0x2000 }]);
  host.messages.send(0x1000n, 0xdead_beef);
  for (const beyond of [0xfee0_0000n, 0x1ffen, 1n << 63n]) host.messages.send(beyond, 1);
  expect([...(host.memory.view(address(0x1000), 5) ?? [])]).toEqual([0xef, 0xbe, 0xad, 0xde, 0]);
  expect([...(host.memory.view(address(0x1ffe), 2) ?? [])]).toEqual([0, 0]);
});

test('a kick stays a write', () => {
  const host = QtestHost.create([{ base, length: 0x1000 }]);
  const unbind = host.doorbells.bind({ space: 'mmio', address: address(0), width: 2 }, () => {
    throw new Error('rung');
  });
  unbind();
});

test('each change of a pin is told once, the timer at pin 2', () => {
  const { pins } = QtestHost.create([{ base, length: 0x1000 }]);
  const told: string[] = [];
  const unwatch = pins.watch((pin, level) => told.push(`${pin} ${level}`));
  const [timer, disk] = [pins.line(0), pins.line(17)];
  for (const level of [true, true, false]) timer.set(level);
  disk.set(true);
  unwatch();
  disk.set(false);
  expect(told).toEqual(['2 true', '2 false', '17 true']);
});

test('wall time goes with the clock', () => {
  const { clock } = QtestHost.create([{ base, length: 0x1000 }]);
  const began = clock.now();
  clock.moveTo(2_500_000_000n);
  expect(clock.now() - began).toBe(2500);
  expect(clock.monotonicMs()).toBe(2500);
});

test('memory that the host has not is one line', () => {
  expect(() => QtestHost.create([{ base, length: 2 ** 52 }])).toThrow(HostError);
});

describe('memory that a client maps', () => {
  test('is a file of this process, and what is written there is in guest RAM', async () => {
    const before = ramFiles();
    const { host, close } = await QtestHost.createShared([{ base, length: 0x2000 }]);
    try {
      const [file, ...others] = ramFiles().filter((one) => !before.includes(one));
      expect(others).toEqual([]);
      const fd = openSync(file ?? '', 'r+');
      writeSync(fd, 'client', 0x1000);
      closeSync(fd);
      expect(Buffer.from(host.memory.view((base + 0x1000) as Gpa, 6) ?? []).toString()).toBe('client');
    } finally {
      close();
    }
    expect(ramFiles()).toEqual(before);
  });

  test('changes beside the devices, where there is a processor for each; other memory does not', async () => {
    const { host, close } = await QtestHost.createShared([{ base, length: 0x1000 }]);
    close();
    expect(host.concurrent).toBe(availableParallelism() > 1);
    expect(QtestHost.create([{ base, length: 0x1000 }]).concurrent).toBe(false);
  });

  test('that the host has not is one line', async () => {
    await expect(QtestHost.createShared([{ base, length: 2 ** 52 }])).rejects.toThrow(HostError);
  });
});

function ramFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => `/proc/self/fd/${fd}`)
    .filter((path) => existsSync(path) && readlinkSync(path).includes('guest-memory'));
}
