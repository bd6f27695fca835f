import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MachineControl } from './machine-control.ts';
import type { Order } from './shared-words.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function control(waits = false) {
  const orders: Order[] = [];
  const notices: string[] = [];
  const it = new MachineControl(
    { order: (order) => orders.push(order), changed: () => {}, notice: (line) => notices.push(line) },
    waits,
  );
  return { it, orders, notices };
}

describe('holding a machine', () => {
  test('a step names kinds and groups; the machine is told the kinds', () => {
    const { it, orders } = control();
    it.entered();
    it.obey({ kind: 'step', before: { kinds: ['kick', '9p'], device: 'host' } });
    expect(orders).toEqual([
      { kind: 'go', kinds: new Set(['kick', 'request', 'reply', 'taken-back']), device: 'host' },
    ]);
    expect(it.state).toEqual({ running: true, awaiting: { kinds: ['kick', '9p'], device: 'host' } });
    it.hear({ kind: 'standing', before: 7 });
    expect(it.state).toEqual({ running: false, before: 7 });
    it.obey({ kind: 'resume' });
    expect([it.state, orders.at(-1)]).toEqual([{ running: true }, { kind: 'go' }]);
  });

  test('what the machine says of a run that a page has already ended changes nothing', () => {
    const { it } = control();
    it.entered();
    it.hear({ kind: 'standing', before: 1 });
    it.obey({ kind: 'step', before: { kinds: ['kick'] } });
    it.hear({ kind: 'running' });
    expect(it.state.awaiting).toEqual({ kinds: ['kick'] });
  });

  test('the page that held it goes away: after a moment it goes on, and that is said', () => {
    const { it, orders, notices } = control();
    it.entered();
    it.hear({ kind: 'standing', before: 7 });
    it.left();
    jest.advanceTimersByTime(2900);
    expect(orders).toEqual([]);
    jest.advanceTimersByTime(200);
    expect(orders).toEqual([{ kind: 'go' }]);
    expect(notices).toEqual(['inspect: the page that held the machine has gone; it goes on']);
  });

  test('a page that is loaded again finds it standing', () => {
    const { it, orders } = control();
    it.entered();
    it.hear({ kind: 'standing', before: 7 });
    it.left();
    jest.advanceTimersByTime(2900);
    it.entered();
    jest.advanceTimersByTime(60_000);
    expect([orders, it.state.running]).toEqual([[], false]);
  });

  test('one of two pages goes: the other still holds it', () => {
    const { it, orders } = control();
    it.entered();
    it.entered();
    it.hear({ kind: 'standing' });
    it.left();
    jest.advanceTimersByTime(60_000);
    expect(orders).toEqual([]);
  });

  test('a step that was asked for does not catch a machine that nobody looks at any more', () => {
    const { it, orders, notices } = control();
    it.entered();
    it.obey({ kind: 'step', before: { kinds: ['guest-fault'] } });
    it.left();
    jest.advanceTimersByTime(3100);
    expect([orders.at(-1), notices]).toEqual([{ kind: 'go' }, []]);
  });

  test('a machine that waits for its first page waits for as long as it takes, and not for a second one', () => {
    const { it, orders } = control(true);
    expect(it.state).toEqual({ running: true, awaiting: { kinds: [] } });
    it.hear({ kind: 'standing', before: 26 });
    jest.advanceTimersByTime(3_600_000);
    expect(orders).toEqual([]);
    it.entered();
    it.left();
    jest.advanceTimersByTime(3100);
    expect(orders).toEqual([{ kind: 'go' }]);
  });
});
