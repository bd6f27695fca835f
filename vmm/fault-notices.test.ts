import { expect, test } from '@jest/globals';
import { faultNotices } from './fault-notices.ts';

test('a guest that breaks rules for ever makes nine lines for each device', () => {
  const lines: string[] = [];
  const trace = faultNotices((line) => lines.push(line));
  for (let i = 1; i <= 1000; i++) trace.guestFault('virtio-9p-pci', `fault ${i}`);
  expect(lines).toHaveLength(9);
  expect(lines[0]).toBe('virtio-9p-pci: the guest broke a rule: fault 1');
  expect(lines[7]).toBe('virtio-9p-pci: the guest broke a rule: fault 8');
  expect(lines[8]).toBe('virtio-9p-pci: further faults of the guest are not shown');
  trace.guestFault('another', 'fault');
  expect(lines[9]).toBe('another: the guest broke a rule: fault');
});

test('eight faults, all shown, make no line about others', () => {
  const lines: string[] = [];
  const trace = faultNotices((line) => lines.push(line));
  for (let i = 1; i <= 8; i++) trace.guestFault('one', 'fault');
  expect(lines).toHaveLength(8);
});

test('what the guest put into a message cannot reach the terminal as control characters', () => {
  const lines: string[] = [];
  faultNotices((line) => lines.push(line)).guestFault('one', 'name \x1b[2J\nnext');
  expect(lines).toEqual(['one: the guest broke a rule: name \\x1b[2J\\x0anext']);
});
