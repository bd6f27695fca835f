import { describe, expect, test } from '@jest/globals';
import type { TraceEvent } from '../trace/event.ts';
import { unbreakable } from './actions/break.ts';
import { BREAKS } from './actions/breaks.ts';
import { STEPS } from './actions/steps.ts';
import { KICK, PUBLISH, place, send, TAKE } from './actions/traffic.ts';
import { compose, usualTag, usualTexts } from './compose/composer.ts';
import { readFrame } from './compose/frame.ts';
import { WAYS } from './rig/ways.ts';
import { Workbench } from './workbench.ts';

const KINDS = WAYS.flatMap(({ key, legacy }) => [
  { way: key, packed: false },
  ...(legacy ? [] : [{ way: key, packed: true }]),
]);

function workbenchWith(choice: { readonly way: string; readonly packed: boolean }): Workbench {
  const workbench = new Workbench('test');
  workbench.startAnew(choice);
  return workbench;
}

const message = (name: Parameters<typeof compose>[0], texts: Record<string, string> = {}, tag = usualTag(name)) =>
  compose(name, '9P2000.L', tag, { ...usualTexts(name, '9P2000.L'), ...texts });

describe.each(KINDS)('over $way, packed $packed', (choice) => {
  test('a driver comes from nothing to a file', async () => {
    const workbench = workbenchWith(choice);
    await workbench.bringUp();
    expect(workbench.done.map(({ problem }) => problem)).toEqual(workbench.done.map(() => undefined));
    expect(workbench.bench.seen).toMatchObject({ state: 'running', queueAlive: true });
    const last = async (frame: Uint8Array) => {
      const done = await workbench.do(send(frame));
      expect(done?.problem).toBeUndefined();
      const reply = workbench.bench.conversation.exchanges.at(-1)?.reply ?? new Uint8Array(0);
      return readFrame(reply, '9P2000.L').text;
    };
    expect(await last(message('Tversion'))).toBe('Rversion tag 65535 msize 8192 version "9P2000.L"');
    expect(await last(message('Tattach'))).toContain('Rattach tag 1');
    expect(await last(message('Twalk'))).toContain('Rwalk tag 1 wqid [(');
    expect(await last(message('Tlopen', { fid: '1', flags: 'O_RDONLY' }))).toContain('Rlopen');
    expect(await last(message('Tread', { fid: '1' }))).toContain('Rread');
    const reply = workbench.bench.conversation.exchanges.at(-1)?.reply.slice(11);
    expect(new TextDecoder().decode(reply)).toBe('Read by a driver of your own.\n');
  });

  test('each rule that is broken is met by the device in its words, and a reset leads out of it', async () => {
    const workbench = workbenchWith(choice);
    for (const rule of BREAKS) {
      if (unbreakable(rule, workbench.bench) !== undefined) continue;
      const done = await workbench.breakRule(rule);
      expect({ rule: rule.key, problem: done?.problem }).toEqual({ rule: rule.key, problem: undefined });
      const said = done?.complaints.map(({ text }) => text).join('\n') ?? '';
      expect({ rule: rule.key, said }).toEqual({
        rule: rule.key,
        said: expect.stringMatching(EXPECTED[rule.key] ?? /^never$/),
      });
    }
    await workbench.do(STEPS.find(({ key }) => key === 'reset') ?? PUBLISH);
    await workbench.bringUp();
    expect((await workbench.do(send(message('Tversion'))))?.said.at(-1)).toContain('Rversion');
  }, 300_000);
});

/** What the device says to each broken rule. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  'driver-first': /DRIVER may not be set in state reset/,
  'driver-ok-early': /DRIVER_OK may not be set in state driver/,
  'features-foreign': /^the driver accepted feature bits that are not offered: 0x200000000$/,
  'features-old': /^the driver did not accept VIRTIO_F_VERSION_1$/,
  'status-cleared': /it clears bits, which only a reset does/,
  'queue-size': /not a power of two/,
  'queue-large': /the queue size is not/,
  'queue-misaligned': /not aligned as it must be/,
  'queue-outside': /a part of the queue is not in RAM/,
  'queue-twice': /changed the configuration of an enabled queue/,
  loop: /longer than the queue size, or loops/,
  order: /a device-readable descriptor follows a device-writable one/,
  outside: /points outside RAM/,
  head: /names a descriptor outside the table/,
  next: /points outside its table/,
  avail: /ahead by more than the queue size/,
  'indirect-unasked': /indirect though VIRTIO_F_INDIRECT_DESC was not negotiated/,
  'indirect-nested': /an indirect table holds an indirect descriptor/,
  'indirect-next': /an indirect descriptor has the NEXT flag/,
  'indirect-length': /not a multiple of 16 \(head 0: 17 bytes|not a multiple of 16 \(slot 0: 17 bytes/,
  'kick-nobody': /^$/,
  msize: /Rlerror tag 2 ecode EMSGSIZE/,
  empty: /a 9P request of 0 bytes is shorter than its header of 7/,
  'no-room': /a reply area of 0 bytes cannot hold an error reply of 11/,
  'little-room': /EMSGSIZE/,
  size: /EPROTO/,
  'order-9p': /Rlerror tag 1 ecode EPROTO/,
  fid: /Rlerror tag 2 ecode EBADF/,
  dotdot: /^$/,
};

test('an action is recorded with the accesses it made, what came back, and what it changed in RAM', async () => {
  const workbench = workbenchWith({ way: 'mmio', packed: false });
  const [found, reset, acknowledge] = [await workbench.step(), await workbench.step(), await workbench.step()];
  expect(found?.said).toEqual(['Registers at 0xd0000000: device type 9.']);
  expect(reset?.events.map(({ kind }) => kind)).toContain('register-write');
  const texts = (events: readonly TraceEvent[] = []) =>
    events.flatMap((event) => (event.kind.startsWith('register') && 'text' in event.fields ? [event.fields.text] : []));
  expect(texts(acknowledge?.events)).toEqual(['Status = 0x0', 'Status = 0x1 (ACKNOWLEDGE)']);
  await workbench.bringUp();
  const placed = await workbench.do(place(message('Tversion')));
  expect(placed?.changes.map(({ part }) => part)).toContain('descriptor table');
  expect(placed?.events).toEqual([]);
  expect((await workbench.do(PUBLISH))?.changes).toMatchObject([{ part: 'available ring', offset: 2 }]);
  const kicked = await workbench.do(KICK);
  expect(kicked?.events.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['kick', 'chain', 'request', 'reply', 'used']),
  );
  expect(kicked?.changes.map(({ part }) => part)).toContain('used ring');
  expect((await workbench.do(TAKE))?.said).toEqual([
    'Chain 0 came back with 21 bytes: Rversion tag 65535 msize 8192 version "9P2000.L"',
  ]);
});

test('a step before its time is not taken, and says what is missing', async () => {
  const workbench = new Workbench('test');
  expect(await workbench.do(KICK)).toMatchObject({ problem: 'Find the device first.', events: [] });
  expect(await workbench.do(send(message('Tversion')))).toMatchObject({ problem: 'Set up the queue first.' });
});

test('bytes written into RAM are in the record, and beyond RAM there are none', async () => {
  const workbench = new Workbench('test');
  const done = await workbench.poke(0x2000, Uint8Array.of(1, 2));
  expect(done?.changes).toMatchObject([{ address: 0x2000, length: 2, bytes: Uint8Array.of(1, 2) }]);
  expect(await workbench.poke(0x1ffff, Uint8Array.of(1, 2))).toMatchObject({ problem: 'guest RAM ends at 0x20000' });
});

test('a listener gets everything there was, and a new beginning when the learner begins anew', async () => {
  const workbench = new Workbench('test');
  await workbench.step();
  const got: string[] = [];
  workbench.listen({
    restarted: () => got.push('restarted'),
    events: (events) => got.push(...events.map(({ kind }) => kind)),
    runState: ({ running }) => got.push(running ? 'runs' : 'stands'),
    ended: () => got.push('ended'),
  });
  expect(got.slice(0, 3)).toEqual(['restarted', 'plugged', 'machine']);
  got.length = 0;
  workbench.startAnew();
  expect(got).toEqual(['restarted', 'plugged', 'machine']);
  expect(workbench.done).toEqual([]);
});

test('one thing is done at a time', async () => {
  const workbench = new Workbench('test');
  const [first, second] = await Promise.all([workbench.step(), workbench.step()]);
  expect([first?.key, second]).toEqual(['find', undefined]);
});
