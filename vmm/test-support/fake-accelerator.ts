import type { Doorbell } from '../../devices/ports.ts';
import { GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import type { DeviceHost } from '../accelerator.ts';

const RAM = 16 * 2 ** 20;

/** What a machine is wired to, without a CPU: the test plays the CPU, and sees every interrupt. */
export function fakeAccelerator() {
  const ram = GuestRam.ofLength(RAM);
  const levels = new Map<number, boolean>();
  const messages: { address: bigint; data: number }[] = [];
  const listeners: ((data: number) => unknown)[] = [];
  const edges: ((gsi: number) => unknown)[] = [];
  const bells = new Map<number, () => void>();
  const accelerator: DeviceHost = {
    memory: ram,
    doorbells: {
      bind({ address }: Doorbell, ring) {
        bells.set(address, ring);
        return () => bells.delete(address);
      },
    },
    messages: {
      send(address, data) {
        messages.push({ address, data });
        for (const listener of listeners) listener(data);
      },
    },
    clock: { now: () => Date.UTC(2024, 1, 29, 12, 34, 56), monotonicMs: () => 0 },
    concurrent: false,
    line: (gsi) => ({
      set(level) {
        const rises = level && !(levels.get(gsi) ?? false);
        levels.set(gsi, level);
        if (rises) for (const listener of edges) listener(gsi);
      },
    }),
  };
  return { accelerator, ram, levels, messages, listeners, edges, bells };
}
