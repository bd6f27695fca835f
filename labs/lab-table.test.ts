import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { LABS } from './lab-table.ts';

const ROOT = 'docs/labs';

test('every folder of docs/labs is a lab, and they are numbered in order', () => {
  const folders = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(LABS.map(({ folder }) => folder).sort());
  expect(LABS.map(({ number, folder }) => folder.startsWith(`${number}-`))).toEqual(LABS.map(() => true));
  expect(LABS.map(({ number }) => number)).toEqual(LABS.map((_, index) => index + 1));
});

describe.each(LABS)('lab $number', ({ number, title, folder }) => {
  const file = (name: string) => readFileSync(`${ROOT}/${folder}/${name}`, 'utf8');

  test.each(['exercise.ts', 'solution.ts'])('%s imports the words of the labs and nothing else', (name) => {
    const imports = [...file(name).matchAll(/^import .*$/gm)].map(([line]) => line);
    expect(imports).toEqual([expect.stringMatching(/^import type \{.*\} from '\.\.\/lab\.ts';$/)]);
  });

  test('has a text that names its command, and every file it refers to exists', () => {
    const text = file('README.md');
    expect(text).toContain(`# Lab ${number}: ${title.toLowerCase()}`);
    expect(text).toContain(`npm run lab ${number}`);
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((target) => !existsSync(`${ROOT}/${folder}/${target}`))).toEqual([]);
  });
});
