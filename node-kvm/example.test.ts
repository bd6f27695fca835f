import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runScript } from './test-support/child.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';

const example = readFileSync(new URL('./examples/hello.mjs', import.meta.url), 'utf8');
const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');

describeWithKvm('the example', () => {
  test('says hello and ends', async () => {
    expect(await runScript(example)).toEqual({ status: 0, signal: null, stdout: 'Hello\n', stderr: '' });
  });

  test('is the one in the README', () => {
    expect(readme).toContain(example);
  });
});
