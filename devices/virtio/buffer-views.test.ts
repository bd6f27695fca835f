import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../ports.ts';
import { BufferViews } from './buffer-views.ts';
import { GuestRam } from './fake-driver/guest-ram.ts';

const RAM = 1 << 20;

/** Memory that counts what is asked of it. */
function counted(memory: { view(at: Gpa, length: number): Uint8Array | undefined }) {
  const asked: [at: number, length: number][] = [];
  const view = (at: Gpa, length: number) => {
    asked.push([at, length]);
    return memory.view(at, length);
  };
  return { asked, views: new BufferViews({ view }) };
}

describe('views of guest memory', () => {
  test('are made once for a buffer that is named again', () => {
    const { asked, views } = counted(GuestRam.ofLength(RAM));
    const view = views.view(0x1000, 160);
    expect([view?.byteOffset, view?.length]).toEqual([0x1000, 160]);
    const alone = views.alone(0x1000, 160);
    expect(alone).toEqual([view]);
    expect(views.alone(0x1000, 160)).toBe(alone);
    const table = views.table(0x1000, 160);
    expect([table?.byteOffset, table?.byteLength, views.table(0x1000, 160)]).toEqual([0x1000, 160, table]);
    expect(asked).toEqual([[0x1000, 160]]);
  });

  test('differ with address and length, however many there are', () => {
    const { views } = counted(GuestRam.ofLength(RAM));
    for (let round = 0; round < 2; round += 1) {
      for (let address = 0; address < RAM - 64; address += 24) {
        const length = 1 + (address % 64);
        const [view] = views.alone(address, length) ?? [];
        if (view?.byteOffset !== address || view.length !== length) throw new Error(`${address}: ${view?.byteOffset}`);
        if (views.table(address, length)?.byteOffset !== address) throw new Error(`${address}: table`);
      }
    }
  });

  test('are refused outside RAM each time, also where a good one had the place', () => {
    const { views } = counted(GuestRam.ofLength(RAM));
    for (const address of [RAM, RAM - 8, 2 ** 53, 2 ** 64 - 1]) {
      for (let times = 0; times < 2; times += 1) {
        expect(views.view(address, 16)).toBeUndefined();
        expect(views.alone(address, 16)).toBeUndefined();
        expect(views.table(address, 16)).toBeUndefined();
      }
    }
  });

  test('are made anew where growing memory has detached them', () => {
    let buffer = new ArrayBuffer(RAM);
    const { asked, views } = counted({ view: (at, length) => new Uint8Array(buffer, at, length) });
    const before = views.alone(64, 8);
    views.table(64, 8);
    buffer = structuredClone(buffer, { transfer: [buffer] });
    expect(before?.[0]?.length).toBe(0);
    const [after] = views.alone(64, 8) ?? [];
    expect([after?.byteOffset, after?.length, after?.buffer]).toEqual([64, 8, buffer]);
    expect(views.table(64, 8)?.buffer).toBe(buffer);
    expect(asked).toHaveLength(2);
  });
});
