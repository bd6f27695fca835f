import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import * as constants from './constants.ts';
import { E } from './errno.ts';
import { scratchDirectory } from './scratch-directory.ts';

const scratch = scratchDirectory();
afterAll(() => scratch.remove());

const HEADERS = ['fcntl.h', 'errno.h', 'stdio.h', 'dirent.h', 'unistd.h', 'sys/stat.h', 'sys/file.h', 'sys/uio.h'];
const LINUX_HEADERS = ['linux/capability.h', 'linux/openat2.h', 'linux/falloc.h', 'sys/xattr.h'];

/** How a table's rows are called in C; the rest is table name, underscore, row name. */
const SPELLING: Readonly<Record<string, (row: string) => string>> = {
  E: (row) => (row === 'TOOBIG' ? 'E2BIG' : `E${row}`),
  S: (row) => `S_${row}`,
  LOCK_TYPE: (row) => `F_${row}`,
  FALLOC: (row) => `FALLOC_FL_${row}`,
};

test('every number is the one in the C headers', () => {
  const expected: string[] = [];
  const lines: string[] = [];
  for (const [table, rows] of Object.entries({ ...constants, E })) {
    if (typeof rows === 'number') continue;
    const spell = SPELLING[table] ?? ((row: string) => `${table}_${row}`);
    for (const [row, value] of Object.entries(rows)) {
      // C has O_LARGEFILE as 0 in 64-bit programs, and the kernel's number everywhere else.
      if (table === 'O' && row === 'LARGEFILE') continue;
      const name = spell(row);
      expected.push(`${name} ${value}`);
      lines.push(`  printf("${name} %lld\\n", (long long)${name});`);
    }
  }
  const includes = [...HEADERS, ...LINUX_HEADERS].map((header) => `#include <${header}>`);
  writeFileSync(
    `${scratch.path}/print.cc`,
    [...includes, '#ifndef DT_WHT', '#define DT_WHT 14', '#endif', 'int main() {', ...lines, '}'].join('\n'),
  );
  execFileSync('g++', ['-D_GNU_SOURCE', '-o', `${scratch.path}/print`, `${scratch.path}/print.cc`]);
  const printed = execFileSync(`${scratch.path}/print`, { encoding: 'latin1' }).trim().split('\n');
  expect(printed).toEqual(expected);
});
