import { describe, expect, test } from '@jest/globals';
import type { TraceEvent } from '../../trace/event.ts';
import { event } from '../../trace/test-support/sample-events.ts';
import { binOf, binStart, MOST_MESSAGE_SLICES, MOST_SLICES, percentile, slicePercentile } from './latency.ts';
import { MOST_FIDS, MOST_NAMES } from './name-tree.ts';
import { emptySessions, foldSessions, type SessionsModel } from './sessions.ts';
import { MOST_UNDER_WAY } from './under-way.ts';

let next = 1;

function request(name: string, fields: Record<string, unknown>, device = 'host'): TraceEvent {
  const fids = Object.entries(fields).flatMap(([key, value]) => (/fid$/.test(key) ? [value as number] : []));
  return event(next++, 'request', { name, tag: 0, type: 0, size: 0, fids, text: name, fields }, { device });
}

function reply(to: number, name: string, fields: unknown, rest: Record<string, unknown> = {}): TraceEvent {
  return event(next++, 'reply', { name, tag: 0, type: 0, size: 0, text: name, fields, took: 5, request: to, ...rest });
}

function fold(model: SessionsModel, ...events: TraceEvent[]): void {
  for (const one of events) foldSessions(model, one);
}

function exchange(model: SessionsModel, name: string, asked: Record<string, unknown>, answered: unknown = {}): void {
  const first = request(name, asked);
  fold(model, first, reply(first.id, name.replace('T', 'R'), answered));
}

const qid = (path: number, type = 0) => ({ type, version: 0, path: String(path) });

describe('whatever a stream says, the model stays within bounds and says what it left out', () => {
  test('requests that are never answered', () => {
    const model = emptySessions();
    for (let count = 0; count < 3 * MOST_UNDER_WAY; count += 1) fold(model, request('Tread', { fid: 1 }));
    const { count, forgotten, requests } = model.underWay;
    expect(count).toBeLessThanOrEqual(MOST_UNDER_WAY);
    expect(Object.keys(requests)).toHaveLength(count);
    expect(count + forgotten).toBe(3 * MOST_UNDER_WAY);
    // The latest are the ones kept.
    expect(requests[next - 1]?.name).toBe('Tread');
  });

  test('a walk through a huge tree leaves the names of late, and fids without end are counted', () => {
    const model = emptySessions();
    exchange(model, 'Tattach', { fid: 0, afid: 0xffff_ffff, aname: '' }, { qid: qid(1, 128) });
    for (let count = 0; count < 3 * MOST_NAMES; count += 1) {
      exchange(model, 'Twalk', { fid: 0, newfid: 1, wname: [`n${count}`] }, { wqid: [qid(10 + count)] });
      exchange(model, 'Tclunk', { fid: 1 });
    }
    const session = model.fids.sessions[0];
    expect(session?.count).toBeLessThanOrEqual(MOST_NAMES);
    expect(Object.keys(session?.names ?? {})).toHaveLength(session?.count ?? 0);
    const names = Object.values(session?.names ?? {}).map(({ name }) => name);
    expect(names).toContain(`n${3 * MOST_NAMES - 1}`);
    expect(names).not.toContain('n0');
    for (let fid = 10; fid < 10 + 2 * MOST_FIDS; fid += 1) {
      exchange(model, 'Twalk', { fid: 0, newfid: fid, wname: [] }, { wqid: [] });
    }
    expect(session?.fidCount).toBe(MOST_FIDS);
    expect(session?.notKept).toBe(2 * MOST_FIDS - (MOST_FIDS - 1));
  });

  test('sessions and messages without end', () => {
    const model = emptySessions();
    for (let count = 0; count < 1000; count += 1) {
      const first = request('Tstatfs', { fid: 1 }, `client ${count}`);
      fold(model, first, { ...reply(first.id, `R?${count}`, {}), device: `client ${count}` } as TraceEvent);
    }
    expect(model.fids.sessions).toHaveLength(16);
    expect(model.fids.notKept).toBe(1000 - 16);
    expect(model.latency.tallies).toHaveLength(256);
    expect(model.latency.notKept).toBe(1000 - 256);
    expect(model.latency.courses).toHaveLength(16);
    expect(model.latency.messageCourses).toHaveLength(64);
  });

  test('names that are those of objects', () => {
    const model = emptySessions();
    exchange(model, 'Tattach', { fid: 0, aname: '__proto__' }, { qid: qid(1, 128) });
    exchange(model, 'Twalk', { fid: 0, newfid: 1, wname: ['__proto__', 'constructor'] }, { wqid: [qid(2), qid(3)] });
    exchange(model, '__proto__', { fid: 1 });
    exchange(model, 'constructor', { fid: 1 });
    const copy = JSON.parse(JSON.stringify(model)) as SessionsModel;
    expect(Object.values(copy.fids.sessions[0]?.names ?? {}).map(({ name }) => name)).toEqual([
      '__proto__',
      '__proto__',
      'constructor',
    ]);
  });

  test.each<[string, Record<string, unknown>, unknown]>([
    ['Twalk', { fid: 0, newfid: 1, wname: 'abc' }, { wqid: [1, 2] }],
    ['Twalk', {}, null],
    ['Twalk', { fid: 'x', newfid: [], wname: [1, {}] }, { wqid: {} }],
    ['Tattach', { fid: -1 }, { qid: { type: 'd' } }],
    ['Trename', { fid: 0, dfid: 0, name: 'into itself' }, {}],
    ['Trenameat', { olddirfid: 0, newdirfid: 5 }, []],
    ['Tgetattr', { fid: 0 }, { qid: [], mode: 'x', size: 7 }],
    ['Twstat', { fid: 0, stat: 5 }, {}],
    ['Tread', { fid: 0 }, { data: 9 }],
    ['Tremove', {}, undefined],
  ])('fields that are missing or something else: %s %j %j', (name, asked, answered) => {
    const model = emptySessions();
    exchange(model, 'Tattach', { fid: 0, aname: '' }, { qid: qid(1, 128) });
    exchange(model, name, asked, answered);
    exchange(model, 'Twalk', { fid: 0, newfid: 7, wname: ['a'] }, { wqid: [qid(2)] });
    const session = model.fids.sessions[0];
    expect(session?.names[session?.fids[7]?.name ?? 0]?.name).toBe('a');
  });
});

describe('a stream that begins in the middle', () => {
  test('replies to what was not seen, and fids from before', () => {
    const model = emptySessions();
    fold(model, reply(5, 'Rwalk', { wqid: [] }), reply(6, 'Rlerror', {}, { error: 'ENOENT' }));
    exchange(model, 'Tclunk', { fid: 3 });
    expect(model.fids.sessions[0]?.fidCount).toBe(0);
    exchange(model, 'Twalk', { fid: 4, newfid: 9, wname: ['etc', 'passwd'] }, { wqid: [qid(2, 128), qid(3)] });
    const session = model.fids.sessions[0];
    const root = session?.names[session.roots[0] ?? 0];
    expect(root).toMatchObject({ root: 'unknown', fids: [4] });
    expect(session?.names[session.fids[9]?.name ?? 0]).toMatchObject({ name: 'passwd', qid: { path: '3' } });
    // An error whose request was not seen is counted under its own name.
    expect(model.latency.tallies.map(({ name, errors }) => [name, errors])).toEqual([
      ['Twalk', 0],
      ['Tlerror', 1],
      ['Tclunk', 0],
    ]);
  });

  test('a walk that gets only part of the way makes no fid, and one that fails changes nothing', () => {
    const model = emptySessions();
    exchange(model, 'Tattach', { fid: 0, aname: '' }, { qid: qid(1, 128) });
    exchange(model, 'Twalk', { fid: 0, newfid: 1, wname: ['a', 'b'] }, { wqid: [qid(2, 128)] });
    const failed = request('Twalk', { fid: 0, newfid: 2, wname: ['c'] });
    fold(model, failed, reply(failed.id, 'Rlerror', { ecode: 2 }, { error: 'ENOENT' }));
    const session = model.fids.sessions[0];
    expect(Object.keys(session?.fids ?? {})).toEqual(['0']);
    expect(Object.values(session?.names ?? {}).map(({ name }) => name)).toEqual(['', 'a']);
  });
});

describe('how long requests took', () => {
  test('bins: below 16 µs each its own, above to 1 part in 16, without gap or overlap', () => {
    for (let bin = 0; bin < 400; bin += 1) {
      expect(binOf(binStart(bin))).toBe(bin);
      expect(binOf(binStart(bin + 1) - 1)).toBe(bin);
    }
    for (const micros of [0, 15, 16, 17, 1000, 123_456, 3_599_999_999]) {
      const start = binStart(binOf(micros));
      expect(start).toBeLessThanOrEqual(micros);
      expect(micros - start).toBeLessThanOrEqual(micros / 16);
    }
    expect([binOf(Number.NaN), binOf(-5), binOf(1e300)]).toEqual([0, 0, binOf(3_600_000_000)]);
  });

  test('percentiles are within a bin of those of the times themselves; counts are exact', () => {
    const model = emptySessions();
    const times = Array.from({ length: 5000 }, (_, index) => 1 + ((index * 7919) % 5000));
    for (const took of times) {
      const first = request('Tread', { fid: 1 });
      fold(
        model,
        first,
        reply(
          first.id,
          took % 100 === 0 ? 'Rlerror' : 'Rread',
          {},
          {
            took,
            ...(took % 100 === 0 && { error: 'EIO' }),
          },
        ),
      );
    }
    const tally = model.latency.tallies[0];
    expect(tally).toMatchObject({ device: 'host', name: 'Tread', count: 5000, errors: 50, most: 5000 });
    expect(tally?.slowest.map(({ took }) => took)).toEqual([5000, 4999, 4998, 4997, 4996]);
    expect(tally?.bins.reduce((sum, count) => sum + count, 0)).toBe(5000);
    for (const [part, exact] of [
      [0.5, 2500],
      [0.9, 4500],
      [0.99, 4950],
      [1, 5000],
    ] as const) {
      const found = percentile(tally ?? { bins: [], most: 0 }, part);
      expect(Math.abs(found - exact)).toBeLessThan(exact / 16);
    }
    expect(percentile({ bins: [], most: 0 }, 0.5)).toBe(0);
  });

  test('the course widens its slices as the run grows long, and loses nothing', () => {
    const model = emptySessions();
    for (let second = 0; second < 600; second += 1) {
      const answer = reply(0, 'Rread', {}, { took: 100 + second });
      fold(model, { ...answer, time: second * 1_000_000 } as TraceEvent);
    }
    const [course] = model.latency.courses;
    expect(course?.slices.length).toBeLessThanOrEqual(MOST_SLICES);
    expect(course?.slices.reduce((sum, { count }) => sum + count, 0)).toBe(600);
    expect((course?.width ?? 0) * MOST_SLICES).toBeGreaterThan(599_000_000);
    const last = course?.slices.findLast(({ count }) => count > 0);
    if (last === undefined) throw new Error('there is no slice');
    expect(last.most).toBe(699);
    expect(slicePercentile(last, 0.5)).toBeGreaterThan(550);
    // A clock that a hostile file sets beyond all bounds.
    fold(model, { ...reply(0, 'Rread', {}), time: Number.MAX_SAFE_INTEGER } as TraceEvent);
    expect(course?.slices.length).toBeLessThanOrEqual(MOST_SLICES);
  });

  test('each message has a course of its own, which begins with its first request', () => {
    const model = emptySessions();
    const names = ['Tread', 'Tread', 'Twrite', 'Tread', 'Twrite'];
    for (const [at, name] of names.entries()) {
      const asked = request(name, { fid: 1 });
      const failed = at === 3 && { error: 'EIO' };
      fold(model, asked, {
        ...reply(asked.id, `R${name.slice(1)}`, {}, { took: 2 ** at, ...failed }),
        time: at * 5_000,
      } as TraceEvent);
    }
    const told = model.latency.messageCourses.map(({ name, start, slices }) => ({
      ...{ name, start },
      slices: slices.map(({ count, errors, most }) => [count, errors, most]),
    }));
    expect(told).toEqual([
      {
        name: 'Tread',
        start: 0,
        slices: [
          [2, 0, 2],
          [1, 1, 8],
        ],
      },
      {
        name: 'Twrite',
        start: 10_000,
        slices: [
          [1, 0, 4],
          [1, 0, 16],
        ],
      },
    ]);
    expect(model.latency.courses.map(({ slices }) => slices.map(({ count }) => count))).toEqual([[2, 2, 1]]);
    fold(model, reply(0, 'Rread', {}), { ...reply(0, 'Rread', {}), time: 1e12 } as TraceEvent);
    expect(model.latency.messageCourses[0]?.slices.length).toBeLessThanOrEqual(MOST_MESSAGE_SLICES);
  });
});

test('tens of thousands of events a second cost a small part of it', () => {
  const first = emptySessions();
  exchange(first, 'Tattach', { fid: 0, aname: '' }, { qid: qid(1, 128) });
  const events: TraceEvent[] = [];
  for (let count = 0; count < 10_000; count += 1) {
    for (const [name, asked, answered] of [
      ['Twalk', { fid: 0, newfid: 1, wname: [`n${count % 5000}`] }, { wqid: [qid(10 + (count % 5000))] }],
      ['Tclunk', { fid: 1 }, {}],
    ] as const) {
      const first = request(name, asked);
      const call = { name: 'statx', text: 'statx()', result: 0, took: 1, where: 'here', request: first.id };
      events.push(first, event(next++, 'host-call', call), reply(first.id, name.replace('T', 'R'), answered));
    }
  }
  const pace = () => {
    const model = structuredClone(first);
    const before = performance.now();
    for (const one of events) foldSessions(model, one);
    return events.length / ((performance.now() - before) / 1000);
  };
  let perSecond = 0;
  // More than a hundred thousand where nothing else disturbs, which only takes away.
  for (let times = 0; times < 5 && perSecond <= 10_000; times++) perSecond = Math.max(perSecond, pace());
  expect(perSecond).toBeGreaterThan(10_000);
});
