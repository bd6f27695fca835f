import { expect, test } from '@jest/globals';
import { Disposal } from './disposal.ts';

test('a step that fails keeps no other from running, and the first failure is told', async () => {
  const disposal = new Disposal();
  const log: string[] = [];
  disposal.take('a', (it) => log.push(it));
  disposal.take('b', () => {
    throw new Error('b failed');
  });
  disposal.take('c', (it) => log.push(it));
  disposal.take('d', () => Promise.reject(new Error('d failed')));
  await expect(disposal.run()).rejects.toThrow('d failed');
  expect(log).toEqual(['c', 'a']);
});

test('a second run waits for the first and gives nothing back twice', async () => {
  const disposal = new Disposal();
  const log: string[] = [];
  let finish = () => {};
  disposal.take('first', (it) => log.push(it));
  disposal.take('slow', async (it) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    log.push(it);
  });
  const runs = [disposal.run(), disposal.run()];
  finish();
  await Promise.all(runs);
  expect(log).toEqual(['slow', 'first']);
});

test('a second run of one that failed fails as well', async () => {
  const disposal = new Disposal();
  disposal.take(0, () => Promise.reject(new Error('stuck')));
  await expect(disposal.run()).rejects.toThrow('stuck');
  await expect(disposal.run()).rejects.toThrow('stuck');
});

test('take gives back what it was given, and nothing taken is nothing to do', async () => {
  const disposal = new Disposal();
  const thing = {};
  await new Disposal().run();
  expect(disposal.take(thing, () => {})).toBe(thing);
});
