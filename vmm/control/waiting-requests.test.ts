import { expect, test } from '@jest/globals';
import { FakeRequest } from './test-support/fake-request.ts';
import { isPending } from './test-support/turns.ts';
import { WaitingRequests } from './waiting-requests.ts';

test('a flushed request fails with EINTR, the others go on waiting', async () => {
  const waiting = new WaitingRequests();
  const [flushed, patient] = [new FakeRequest(), new FakeRequest()];
  const first = waiting.wait(flushed);
  const second = waiting.wait(patient);
  flushed.flush();
  await expect(first).rejects.toMatchObject({ errno: 4 });
  expect(await isPending(second)).toBe(true);
  waiting.wake();
  await second;
});

test('a flush after the wake is too late, a wake without anyone is forgotten', async () => {
  const waiting = new WaitingRequests();
  waiting.wake();
  const request = new FakeRequest();
  const waited = waiting.wait(request);
  expect(await isPending(waited)).toBe(true);
  waiting.wake();
  request.flush();
  await waited;
});

test('all are woken in the order in which they came', async () => {
  const waiting = new WaitingRequests();
  const order: number[] = [];
  const all = [1, 2, 3].map((number) => waiting.wait(new FakeRequest()).then(() => order.push(number)));
  waiting.wake();
  await Promise.all(all);
  expect(order).toEqual([1, 2, 3]);
});
