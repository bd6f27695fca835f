import { describe, expect, test } from '@jest/globals';
import { eventToJson } from './event-json.ts';
import { jsonLine } from './json-line.ts';
import { event, sampleEvents } from './test-support/sample-events.ts';

const line = jsonLine();

describe('events as lines of JSON', () => {
  test.each(sampleEvents().map((one) => [one.kind, one] as const))('%s is as the slow way has it', (_, one) => {
    expect(JSON.parse(line(one))).toEqual(JSON.parse(JSON.stringify(eventToJson(one))));
  });

  test('what is absent is left out, and text of any kind stays one line', () => {
    const one = event(1, 'guest-fault', { message: '"\n\u2028\ud800' }, { device: 'a "tag"\\' });
    expect(line(one)).not.toMatch(/\n/);
    expect(JSON.parse(line(one))).toEqual(JSON.parse(JSON.stringify(eventToJson(one))));
    const bare = event(2, 'notification', { what: 'used buffers', queue: undefined });
    expect(Object.keys(JSON.parse(line(bare)))).toEqual(['id', 'time', 'kind', 'device', 'what']);
  });

  test('bytes are written by the base64 that is given', () => {
    const [request] = sampleEvents().filter(({ kind }) => kind === 'request');
    if (request === undefined) throw new Error('there is a sample of each kind');
    expect(JSON.parse(jsonLine((bytes) => `${bytes.length} bytes`)(request)).bytes).toBe('3 bytes');
  });
});
