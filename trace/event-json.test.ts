import { describe, expect, test } from '@jest/globals';
import { eventFromJson, eventToJson, headerFromJson, headerToJson } from './event-json.ts';
import { sampleEvents } from './test-support/sample-events.ts';

describe('events as JSON', () => {
  test.each(sampleEvents().map((event) => [event.kind, event] as const))('%s comes back as it went', (_, event) => {
    expect(eventFromJson(JSON.parse(JSON.stringify(eventToJson(event))))).toEqual(event);
  });

  test('is one flat object, its u64 as text and its bytes as base64', () => {
    const [kick] = sampleEvents().filter(({ kind }) => kind === 'queue');
    expect(kick && eventToJson(kick)).toMatchObject({
      kind: 'queue',
      device: 'host',
      deviceArea: '18446744073709551615',
    });
    const [request] = sampleEvents().filter(({ kind }) => kind === 'request');
    expect(request && eventToJson(request)).toMatchObject({ bytes: 'AP+A', fids: [0, 4294967294] });
  });

  test('a field that is not known is passed over, one that is missing stays missing', () => {
    const event = eventFromJson({ id: 1, time: 0, kind: 'kick', device: '', queue: 3, later: true });
    expect(event).toEqual({ id: 1, time: 0, kind: 'kick', device: '', fields: { queue: 3 } });
  });

  const good = { id: 1, time: 0, kind: 'reply', device: '', name: 'Rread', tag: 1, text: '' };
  test.each<[string, unknown, string]>([
    ['no object', 7, 'an event is no object'],
    ['an array', [], 'an event lacks its id or time'],
    ['a negative id', { ...good, id: -1 }, 'an event lacks its id or time'],
    ['a broken time', { ...good, time: 1.5 }, 'an event lacks its id or time'],
    ['an unknown kind', { ...good, kind: 'constructor' }, "an event is of unknown kind 'constructor'"],
    ['no device', { ...good, device: 1 }, 'event 1 lacks its device'],
    ['a cause that is no number', { ...good, cause: 'x' }, 'event 1 has no number as its cause'],
    ['a field of another type', { ...good, tag: '1' }, 'event 1: its tag is no number'],
    ['a list that holds something else', { ...good, calls: [1, 'x'] }, 'event 1: its calls is no ids'],
    ['bytes that are no base64', { ...good, bytes: '*' }, 'event 1: its bytes is no bytes'],
    [
      'a descriptor that is none',
      { ...good, kind: 'chain', descriptors: [{}] },
      'event 1: its descriptors is no descriptors',
    ],
    ['a u64 that is none', { ...good, kind: 'queue', deviceArea: '-1' }, 'event 1: its deviceArea is no u64'],
    ['a message without its name', { ...good, name: undefined }, 'event 1 lacks its name'],
  ])('refuses %s', (_, json, message) => {
    expect(() => eventFromJson(json)).toThrow(expect.objectContaining({ name: 'TraceError', message }));
  });
});

describe('the header', () => {
  test('comes back as it went', () => {
    const header = { program: '1.2.3', started: Date.UTC(2026, 0, 31, 12) };
    expect(headerToJson(header)).toEqual({
      format: 'tsvmm-trace',
      version: 1,
      program: '1.2.3',
      started: '2026-01-31T12:00:00.000Z',
    });
    expect(headerFromJson(headerToJson(header))).toEqual(header);
  });

  test.each([
    [{}, 'it does not begin with the header of a trace'],
    [{ format: 'tsvmm-trace', version: 2 }, 'its format has version 2; this tsvmm reads up to 1'],
  ])('refuses %j', (json, message) => {
    expect(() => headerFromJson(json)).toThrow(message);
  });
});
