import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { EVERY_DEVICE } from '../../devices/virtio/fake-driver/every-device.ts';
import { GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { WAYS } from '../../devices/virtio/fake-driver/ways.ts';
import type { RingChoice } from '../../devices/virtio/features.ts';
import { missingTests, sourcesIn, titlePattern, unprovenTests } from './evidence.ts';
import { notOffered, placed, section, shown, tests } from './requirement.ts';
import { REQUIREMENTS } from './requirements.ts';
import { renderTable, withTable } from './table.ts';

const ALL_RINGS: Required<RingChoice> = {
  indirectDesc: true,
  eventIdx: true,
  packed: true,
  inOrder: true,
  notificationData: true,
  queueReset: true,
};

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the requirements of virtio 1.2', () => {
  test('each has an id of its own, its section in the order of the specification', () => {
    const ids = REQUIREMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(100);
  });

  test('each test that one names is there, once', () => {
    expect(missingTests(REQUIREMENTS, sourcesIn(root))).toEqual([]);
  });

  test('each that is not shown says why', () => {
    for (const { id, text, state } of REQUIREMENTS) {
      const answer = state.kind === 'shown' ? state.by.length > 0 : state.why !== '';
      expect([id, text !== '', answer]).toEqual([id, true, true]);
    }
  });

  test('those that wait for a feature wait for one that no device offers', () => {
    const offers = Object.values(EVERY_DEVICE).flatMap((make) =>
      Object.values(WAYS).map((reach) => {
        const { deviceId, offered } = reach({
          device: make(),
          memory: GuestRam.ofLength(0x1000),
          rings: ALL_RINGS,
          trace: { guestFault: () => {} },
          wait: async () => {},
        });
        return { deviceId, offered };
      }),
    );
    const wrong = REQUIREMENTS.flatMap(({ id, state }) => {
      if (state.kind !== 'not applicable' || state.without === undefined) return [];
      const { name, bit, device } = state.without;
      const who = offers.find(
        ({ deviceId, offered }) => (device ?? deviceId) === deviceId && ((offered >> BigInt(bit)) & 1n) === 1n,
      );
      return who === undefined ? [] : [`${id}: device ${who.deviceId} offers ${name}: name the test that shows it`];
    });
    expect(wrong).toEqual([]);
  });

  test('concern every kind of device there is', () => {
    const made = readFileSync(join(root, 'devices/virtio/fake-driver/every-device.ts'), 'utf8');
    const kinds = readdirSync(join(root, 'devices/virtio')).filter((file) => file.endsWith('-device.ts'));
    expect(kinds.length).toBeGreaterThanOrEqual(3);
    expect(kinds.filter((file) => !made.includes(`'../${file}'`))).toEqual([]);
  });

  test('all stand in the table', () => {
    const table = renderTable(REQUIREMENTS);
    expect(REQUIREMENTS.filter(({ id }) => !table.includes(`\n| ${id} |`))).toEqual([]);
  });

  test('stand in devices/README.md as they are here (npm run conformance writes them)', () => {
    const readme = readFileSync(join(root, 'devices/README.md'), 'utf8');
    expect(readme === withTable(readme, REQUIREMENTS)).toBe(true);
  });
});

describe('the check of what shows a requirement', () => {
  const file = 'some.test.ts';
  const one = (...titles: [string, ...string[]]) =>
    placed([section('1.1', 'A Section', [shown('does as it should', tests(file, ...titles))])]);
  const run = (...results: [title: string, status: string][]) => ({
    testResults: [{ name: join(root, file), assertionResults: results.map(([title, status]) => ({ title, status })) }],
  });

  test('finds a file, a title and a second title of the same words', () => {
    const read = (text: string | undefined) => () => text;
    expect(missingTests(one('works'), read("test('works', () => {})"))).toEqual([]);
    expect(missingTests(one("it's fine"), read('test("it\'s fine", () => {})'))).toEqual([]);
    expect(missingTests(one('works'), read("test('works not', () => {})"))).toHaveLength(1);
    expect(missingTests(one('works'), read("test('works'); test('works')"))).toHaveLength(1);
    expect(missingTests(one('works'), read(undefined))).toEqual(['1.1-1: there is no file some.test.ts']);
  });

  test('wants every test of that title to have run and passed', () => {
    expect(unprovenTests(one('works'), run(['works', 'passed']), root)).toEqual([]);
    expect(
      unprovenTests(one('works with %s'), run(['works with a', 'passed'], ['works with b', 'passed']), root),
    ).toEqual([]);
    for (const results of [
      run(),
      run(['works', 'failed']),
      run(['works', 'pending']),
      run(['works with a', 'passed']),
      run(['works', 'passed'], ['works', 'failed']),
      { testResults: [] },
    ]) {
      expect(unprovenTests(one('works'), results, root)).toHaveLength(1);
    }
  });

  test.each([
    ['of %d bytes', 'of -1 bytes', true],
    ['rings %o', 'rings {\n  "packed": true }', true],
    ['a (b)', 'a b', false],
    ['is 100%', 'is 100%', true],
    ['%s', 'anything', true],
  ])('reads the title %s: %s', (title, ran, fits) => {
    expect(titlePattern(title).test(ran)).toBe(fits);
  });

  test('is part of the table: state, link and reason', () => {
    const feature = { name: 'VIRTIO_F_SOMETHING', bit: 60 };
    const rows = placed([
      section('4.2.9', 'A | Section', [
        shown('does', tests('devices/virtio/some.test.ts', 'works')),
        notOffered(feature, 'would do'),
      ]),
    ]);
    const table = renderTable(rows);
    expect(table).toContain('| 4.2.9-1 | A \\| Section | does | shown | [some.test.ts](virtio/some.test.ts): works |');
    expect(table).toContain(
      '| 4.2.9-2 | A \\| Section | would do | not applicable | no device offers VIRTIO_F_SOMETHING |',
    );
    expect(table).toContain('| all | 2 | 1 | 1 | 0 |');
    expect(() => withTable('no place', rows)).toThrow('the README has no lines');
  });
});
