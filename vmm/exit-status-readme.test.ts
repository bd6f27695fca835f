import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { MACHINE_ENDS, PROCESS_STATUS } from './exit-status.ts';

test("the README's table has every exit status, and no other number", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const section = readme.split('## Exit statuses')[1]?.split('\n## ')[0] ?? '';
  const listed = [...section.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  const declared = [...Object.values(MACHINE_ENDS).map(({ status }) => status), ...Object.values(PROCESS_STATUS)];
  expect(new Set(listed)).toEqual(new Set(declared));
});
