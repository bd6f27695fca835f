import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EventRows } from '../../inspector/history/event-rows.ts';
import { eventsOf, type Journey, Journeys } from '../../inspector/history/journeys.ts';
import { ANY_ERROR, Sequence, type SequenceFilter } from '../../inspector/history/sequence.ts';
import { stepsOf } from '../../inspector/history/steps.ts';
import { EventHistory } from '../../inspector/history.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toldShare } from './told-share.ts';

const path = mkdtempSync(join(tmpdir(), 'tsvmm-journeys-'));
let events: TraceEvent[] = [];

/** Reads, fails, and has four requests under way at once. */
beforeAll(async () => {
  // Of a page, so that a read beyond its end has to ask a second time.
  writeFileSync(join(path, 'file'), 'some content'.padEnd(4096));
  const share = await toldShare(path, { indirect: true });
  await share.client.version();
  const tree = await Tree.attach(share.client);
  const fid = await tree.open('file');
  await tree.read(fid, 0n, 5000);
  await tree.walk('missing').catch(() => undefined);
  await Promise.all(Array.from({ length: 4 }, () => share.client.call('Tfsync', { fid, datasync: 0 })));
  await share.close();
  events = share.events;
});
afterAll(() => rmSync(path, { recursive: true }));

function followed(from: readonly TraceEvent[], most?: number) {
  const [history, journeys] = [new EventHistory(), new Journeys(most)];
  for (const event of from) {
    history.push(event);
    journeys.take(event);
  }
  return { history, journeys };
}

function named(journeys: Journeys, name: string): Journey {
  const found = journeys.kept.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('a journey', () => {
  test('holds every event from kick to interrupt, and each leads to it', () => {
    const { history, journeys } = followed(events);
    const read = named(journeys, 'Tread');
    expect(eventsOf(read).map((id) => history.byId(id)?.kind)).toEqual([
      'kick',
      'chain',
      'request',
      'host-call',
      'host-call',
      'reply',
      'used',
      'notification',
      'message',
    ]);
    for (const id of eventsOf(read)) expect(journeys.of(id)).toBe(read);
    expect(read).toMatchObject({ asked: expect.stringMatching(/^Tread /), answered: expect.stringMatching(/^Rread /) });
    const failed = journeys.kept.filter(({ error }) => error !== undefined);
    expect(failed.map(({ name, error }) => [name, error])).toEqual([['Twalk', 'ENOENT']]);
  });

  test('its steps are in the order of time, and its phases fill the way from kick to interrupt', () => {
    const { history, journeys } = followed(events);
    const { steps, phases, from, to } = stepsOf(named(journeys, 'Tread'), history, journeys);
    expect(steps.map(({ role }) => role)).toEqual([
      'kick',
      'chain',
      'request',
      'here',
      'here',
      'reply',
      'used',
      'notification',
      'interrupt',
    ]);
    for (const step of steps) expect(step.to).toBeGreaterThanOrEqual(step.from ?? Number.NaN);
    expect([phases[0]?.from, phases.at(-1)?.to]).toEqual([from, to]);
    for (const [at, phase] of phases.entries()) if (at > 0) expect(phase.from).toBe(phases[at - 1]?.to);
    expect(stepsOf(named(journeys, 'Tfsync'), history, journeys).steps.map(({ role }) => role)).toContain('pool');
  });

  test('gaps leave out what is missing and confuse nothing else', () => {
    for (const missing of ['kick', 'chain', 'request', 'host-call', 'reply', 'used', 'notification'] as const) {
      const { history, journeys } = followed(events.filter(({ kind }) => kind !== missing));
      for (const journey of journeys.kept) {
        const { steps, from, to } = stepsOf(journey, history, journeys);
        expect(to).toBeGreaterThanOrEqual(from);
        // A link to an event that is missing is a step without words.
        for (const { text, event } of steps) expect(text === '').toBe(history.byId(event) === undefined);
      }
    }
    for (let start = 0; start < events.length; start += 7) {
      const { journeys } = followed(events.slice(start));
      expect(new Set(journeys.kept.map(({ number }) => number)).size).toBe(journeys.kept.length);
    }
  });

  test('the oldest make room, and nothing leads to them any more', () => {
    const repeated = Array.from({ length: 60 }, (_, round) =>
      events.map((event) => shifted(event, round * events.length)),
    ).flat();
    const { journeys } = followed(repeated, 64);
    expect(journeys.kept.length).toBeLessThanOrEqual(64);
    expect(journeys.count).toBeGreaterThan(400);
    expect(journeys.at(journeys.count - 1)).toBe(journeys.kept.at(-1));
    expect(journeys.at(0)).toBeUndefined();
    expect(journeys.of(named(followed(events).journeys, 'Tversion').request)).toBeUndefined();
    expect(journeys.said.length).toBeLessThan(64 * 2 + 32);
  });

  test('a stream that answers one request forever keeps no more for it', () => {
    const reply = events.find(({ kind }) => kind === 'reply');
    if (reply === undefined) throw new Error('there is no reply');
    const { journeys } = followed(
      [...events, ...Array.from({ length: 5000 }, (_, at) => ({ ...reply, id: events.length + at + 1 }))],
      100,
    );
    expect(journeys.kept.length).toBeLessThanOrEqual(100);
    expect(journeys.said.length).toBeLessThanOrEqual(220);
  });
});

/** The event with all its numbers moved on, as if it happened later. */
function shifted(event: TraceEvent, by: number): TraceEvent {
  const fields: Record<string, unknown> = { ...event.fields };
  for (const link of ['chain', 'kick', 'request']) if (typeof fields[link] === 'number') fields[link] += by;
  for (const list of ['used', 'calls'])
    if (Array.isArray(fields[list])) fields[list] = fields[list].map((id) => id + by);
  const cause = event.cause === undefined ? undefined : event.cause + by;
  return { ...event, id: event.id + by, cause, fields } as TraceEvent;
}

describe('the sequence of messages', () => {
  const shown = (filter: SequenceFilter) => {
    const { journeys } = followed(events);
    const sequence = new Sequence(journeys, filter);
    sequence.advance();
    return sequence.rows.map(({ asked, answered, through, opens, closes }) => ({
      ...(asked && { asked: asked.name }),
      ...(answered && { answered: answered.name }),
      through,
      ...(opens !== undefined && { opens }),
      ...(closes !== undefined && { closes }),
    }));
  };

  test('a reply that follows at once shares the row; requests side by side run on in lanes', () => {
    const rows = shown({});
    expect(rows[0]).toEqual({ asked: 'Tversion', answered: 'Tversion', through: 0 });
    const side = rows.filter(({ asked, answered }) => (asked ?? answered) === 'Tfsync');
    expect(side.filter(({ asked }) => asked).length).toBe(4);
    // The last one may be answered at once; those before it are open then.
    expect(side.slice(0, 3).map(({ asked, opens }) => asked && opens)).toEqual([0, 1, 2]);
    // At the end nothing is open.
    const last = side.at(-1);
    expect([last?.through, last?.answered]).toEqual([0, 'Tfsync']);
  });

  test('filters by message, tag, fid, error and text', () => {
    expect(shown({ name: 'Tread' })).toEqual([{ asked: 'Tread', answered: 'Tread', through: 0 }]);
    expect(shown({ error: ANY_ERROR }).map(({ asked }) => asked)).toEqual(['Twalk']);
    expect(shown({ error: 'EIO' })).toEqual([]);
    expect(shown({ text: 'MISSING' }).map(({ asked }) => asked)).toEqual(['Twalk']);
    expect(shown({ tag: 0xffff }).map(({ asked }) => asked)).toEqual(['Tversion']);
    expect(shown({ fid: 0, name: 'Tattach' })).toHaveLength(1);
    expect(shown({ device: 'nobody' })).toEqual([]);
  });

  test('is the same whether the messages come one by one or at once', () => {
    for (const filter of [{}, { error: ANY_ERROR }, { name: 'Tfsync' }]) {
      const journeys = new Journeys();
      const sequence = new Sequence(journeys, filter);
      for (const event of events) {
        journeys.take(event);
        sequence.advance();
      }
      const rows = sequence.rows.map(({ asked, answered }) => [asked?.number, answered?.number]);
      const { journeys: all } = followed(events);
      const once = new Sequence(all, filter);
      once.advance();
      expect(rows).toEqual(once.rows.map(({ asked, answered }) => [asked?.number, answered?.number]));
    }
  });
});

test('the list of events under a choice grows and goes with the window', () => {
  const history = new EventHistory({ events: 50, bytes: 2 ** 30 });
  const rows = new EventRows(history, { kinds: new Set(['request']) });
  let [pushed, last] = [0, 0];
  for (const event of events) {
    history.push(event);
    rows.advance();
    if (event.kind === 'request') [pushed, last] = [pushed + 1, event.id];
    expect(rows.length + rows.forgotten).toBe(pushed);
    expect(rows.length).toBe(
      [...Array(history.length).keys()].filter((at) => history.at(at)?.kind === 'request').length,
    );
  }
  expect(rows.forgotten).toBeGreaterThan(0);
  const whole = new EventRows(followed(events).history, { kinds: new Set(['request']) });
  whole.advance();
  expect(whole.at(whole.indexOf(last))?.id).toBe(last);
  expect(whole.indexOf(last + 1)).toBe(-1);
  const missing = new EventRows(followed(events).history, {}, 'MISSING');
  missing.advance();
  expect(missing.at(0)?.kind).toBe('request');
});
