import { describe, expect, test } from '@jest/globals';
import { readLine } from './report.ts';

const MEASUREMENT =
  '{"measurement":"read-512k:8","depth":8,"done":1028,"ns":1008762551,"leastNs":2388232,"medianNs":7972903,"p99Ns":16028966,"kicks":6,"bytes":524288,"entries":0}';

describe('a line of the bench guest', () => {
  test.each([
    ['?', { kind: 'ask' }],
    ['{"end":true}', { kind: 'end' }],
    ['{"error":"Rlerror","detail":2}', { kind: 'error', text: 'Rlerror (2)' }],
    ['SeaBIOS (version 1.16)', { kind: 'other', text: 'SeaBIOS (version 1.16)' }],
    ['', { kind: 'other', text: '' }],
    [
      '{"guest":"tsvmm bench guest 1","tag":"share","devices":1,"queueSize":128,"features":"0x130000001","msize":528384,"ticksPerMs":2098442}\r',
      {
        kind: 'introduction',
        introduction: {
          ...{ guest: 'tsvmm bench guest 1', tag: 'share', devices: 1, queueSize: 128, features: '0x130000001' },
          ...{ msize: 528384, ticksPerMs: 2098442 },
        },
      },
    ],
  ])('%s', (line, meaning) => {
    expect(readLine(line)).toEqual(meaning);
  });

  test('a measurement has all its figures', () => {
    expect(readLine(MEASUREMENT)).toEqual({
      kind: 'measurement',
      measurement: {
        ...{ measurement: 'read-512k:8', depth: 8, done: 1028, ns: 1008762551, leastNs: 2388232, medianNs: 7972903 },
        ...{ p99Ns: 16028966, kicks: 6, bytes: 524288, entries: 0 },
      },
    });
  });

  test.each([
    ['cut off', MEASUREMENT.slice(0, -9), 'not a whole line of the bench guest'],
    ['without a figure', MEASUREMENT.replace('"kicks":6,', ''), "no number 'kicks'"],
    ['with a negative figure', MEASUREMENT.replace('"kicks":6', '"kicks":-6'), "no number 'kicks'"],
    ['with text for a figure', MEASUREMENT.replace('1028', '"1028"'), "no number 'done'"],
    ['of nothing', MEASUREMENT.replace('1028', '0'), 'nothing was measured'],
    ['without a tag', '{"guest":"x"}', "no string 'tag'"],
  ])('a line %s is an error, not a figure', (_, line, why) => {
    expect(() => readLine(line)).toThrow(why);
  });
});
