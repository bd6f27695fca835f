import { expect, test } from '@jest/globals';
import { MACHINE_ENDS, type MachineEndReason, machineEnd } from './exit-status.ts';

test.each<[MachineEndReason, number]>([
  ['power-off', 0],
  ['stopped', 0],
  ['halted', 120],
  ['reset', 121],
  ['panic', 122],
  ['triple-fault', 123],
  ['error', 125],
])('%s has exit status %i and one line', (reason, status) => {
  const end = machineEnd(reason);
  expect(end).toEqual({ reason, status, line: MACHINE_ENDS[reason].line });
  expect(end.line).toMatch(/^[^\n]+$/);
});

test('no status is one that a command in the guest or a shell gives a meaning', () => {
  for (const { status } of Object.values(MACHINE_ENDS)) expect([1, 2, 124, 126, 127]).not.toContain(status);
});

test('detail follows the line, a report is kept apart, empty ones are left out', () => {
  expect(machineEnd('error', 'no memory', 'rip 0')).toEqual({
    reason: 'error',
    status: 125,
    line: 'the host could not go on running the guest: no memory',
    report: 'rip 0',
  });
  expect(machineEnd('halted', '', '')).toEqual({
    reason: 'halted',
    status: 120,
    line: 'the guest halted: every CPU waits with interrupts off',
  });
});
