import { describe, expect, test } from '@jest/globals';
import type { VcpuState } from 'node-kvm';
import { Standstill } from './standstill.ts';

/** A vCPU that comes to a stop when the test says so. */
class FakeVcpu {
  state: VcpuState = 'running';
  resumed = 0;
  pauses = 0;
  #parked: Promise<void> | undefined;
  #park: () => void = () => {};

  pause(): Promise<void> {
    this.pauses += 1;
    if (this.state === 'created') return Promise.reject(new Error('not started'));
    if (this.state === 'paused' || this.state === 'stopped') return Promise.resolve();
    if (this.state === 'running') this.state = 'pausing';
    this.#parked ??= new Promise((resolve) => {
      this.#park = resolve;
    });
    return this.#parked;
  }

  resume(): void {
    if (this.state !== 'paused') throw new Error(`resume() in state ${this.state}`);
    this.state = 'running';
    this.resumed += 1;
  }

  /** The thread came out of the guest, or ended. */
  async arrive(state: VcpuState = 'paused'): Promise<void> {
    this.state = state;
    this.#parked = undefined;
    this.#park();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function cpus(count: number) {
  const vcpus = Array.from({ length: count }, () => new FakeVcpu());
  return { vcpus, standstill: new Standstill(vcpus), states: () => vcpus.map(({ state }) => state) };
}

describe('several holders, in any order', () => {
  test('released on its way to a stop, every CPU goes on when it gets there', async () => {
    const { vcpus, standstill, states } = cpus(2);
    const held = standstill.hold('owner');
    await vcpus[0]?.arrive();
    standstill.release('owner');
    expect(states()).toEqual(['running', 'pausing']);
    await vcpus[1]?.arrive();
    await held;
    expect(states()).toEqual(['running', 'running']);
  });

  test('released and held again on its way to a stop, it stays stopped', async () => {
    const { vcpus, standstill, states } = cpus(1);
    const held = [standstill.hold('owner')];
    standstill.release('owner');
    held.push(standstill.hold('owner'));
    await vcpus[0]?.arrive();
    await Promise.all(held);
    expect(states()).toEqual(['paused']);
  });

  test('an exit that waits for its answer is on its way too', async () => {
    const { vcpus, standstill, states } = cpus(1);
    const held = standstill.hold('owner');
    const [vcpu] = vcpus;
    if (vcpu) vcpu.state = 'exited-pausing';
    standstill.release('owner');
    await vcpu?.arrive();
    await held;
    expect(states()).toEqual(['running']);
  });

  test.each(['owner', 'halt-watch'] as const)('while %s still holds them nobody goes on', async (last) => {
    const { vcpus, standstill, states } = cpus(2);
    const first = last === 'owner' ? 'halt-watch' : 'owner';
    const held = [standstill.hold('owner'), standstill.hold('halt-watch')];
    standstill.release(first);
    for (const vcpu of vcpus) await vcpu.arrive();
    await Promise.all(held);
    expect([states(), standstill.heldBy(first), standstill.heldBy(last)]).toEqual([['paused', 'paused'], false, true]);
    standstill.release(last);
    standstill.release(last);
    expect([states(), vcpus.map(({ resumed }) => resumed)]).toEqual([
      ['running', 'running'],
      [1, 1],
    ]);
  });
});

test('a CPU on its way to a stop is asked once, whoever holds or releases', async () => {
  const { vcpus, standstill } = cpus(1);
  const held = [standstill.hold('owner'), standstill.hold('owner'), standstill.hold('halt-watch')];
  standstill.release('owner');
  held.push(standstill.hold('owner'));
  expect(vcpus[0]?.pauses).toBe(1);
  await vcpus[0]?.arrive();
  await Promise.all(held);
});

test('CPUs that stop for good in between are left alone', async () => {
  const { vcpus, standstill, states } = cpus(2);
  const held = standstill.hold('owner');
  await vcpus[0]?.arrive('stopped');
  await vcpus[1]?.arrive('stopped');
  await held;
  standstill.release('owner');
  expect(states()).toEqual(['stopped', 'stopped']);
});

test('CPUs that were not started cannot be held', async () => {
  const { vcpus, standstill } = cpus(1);
  const [vcpu] = vcpus;
  if (vcpu) vcpu.state = 'created';
  await expect(standstill.hold('owner')).rejects.toThrow('not started');
});
