import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { markdown } from '../options/reference.ts';
import { QMP_COMMANDS } from '../qmp/commands.ts';
import { QTEST_COMMANDS } from './commands.ts';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');

test('the README lists the commands of the protocol as their table has them', () => {
  const lines = Object.entries(QTEST_COMMANDS).map(([name, { form, doc }]) => {
    return { written: `${name} ${form}`.trim(), meaning: doc };
  });
  expect(readme).toContain(markdown(lines, ['command', 'what it does']));
});

test('the README lists the commands of the monitor as their table has them', () => {
  const lines = Object.entries(QMP_COMMANDS).map(([name, { takes, doc }]) => {
    const given = Object.entries(takes).map(([key, type]) => `${key}: ${type}`);
    return { written: given.length === 0 ? name : `${name} {${given.join(', ')}}`, meaning: doc };
  });
  expect(readme).toContain(markdown(lines, ['command', 'what it does']));
});
