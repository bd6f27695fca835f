/** The labs there are. */
import { checkLab1 } from './checks/1-find-the-device.ts';
import { checkLab2 } from './checks/2-walk-its-capabilities.ts';
import { checkLab3 } from './checks/3-negotiate.ts';
import { checkLab4 } from './checks/4-build-a-queue.ts';
import { checkLab5 } from './checks/5-first-message.ts';
import { checkLab6 } from './checks/6-a-mount-traced.ts';
import { checkLab7 } from './checks/7-interrupts-and-suppression.ts';
import { checkLab8 } from './checks/8-break-it.ts';
import type { Check } from './lab.ts';

/** One of them. */
export interface LabRow {
  readonly number: number;
  readonly title: string;
  /** Below docs/labs: the text, exercise.ts and solution.ts. */
  readonly folder: string;
  readonly check: Check;
}

/** All of them, in order. */
export const LABS: readonly LabRow[] = [
  { number: 1, title: 'Find the device', folder: '1-find-the-device', check: checkLab1 },
  { number: 2, title: 'Walk its capabilities', folder: '2-walk-its-capabilities', check: checkLab2 },
  { number: 3, title: 'Negotiate', folder: '3-negotiate', check: checkLab3 },
  { number: 4, title: 'Build a queue', folder: '4-build-a-queue', check: checkLab4 },
  { number: 5, title: 'First message', folder: '5-first-message', check: checkLab5 },
  { number: 6, title: 'A mount, traced', folder: '6-a-mount-traced', check: checkLab6 },
  {
    number: 7,
    title: 'Interrupts and suppression',
    folder: '7-interrupts-and-suppression',
    check: checkLab7,
  },
  { number: 8, title: 'Break it and read the fault', folder: '8-break-it', check: checkLab8 },
];
