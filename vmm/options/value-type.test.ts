import { describe, expect, test } from '@jest/globals';
import { editDistance, nearest } from './nearest.ts';
import { splitOptionString } from './option-string.ts';
import { parseSize, showSize } from './size.ts';
import { fileMode, integer, onOff } from './value-type.ts';

describe('option strings', () => {
  const split = (string: string) =>
    splitOptionString(string).map(({ key, value }) => (value === undefined ? key : [key, value]));

  test.each<[string, unknown[]]>([
    ['', ['']],
    [',', ['', '']],
    [',,', [',']],
    [',,,', [',', '']],
    ['a', ['a']],
    ['a,', ['a', '']],
    ['a=', [['a', '']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a=b,,c,d', [['a', 'b,c'], 'd']],
    ['a=,,,b', [['a', ','], 'b']],
    ['a=b,,,,c', [['a', 'b,,c']]],
    ['=x', [['', 'x']]],
  ])('%j', (string, expected) => {
    expect(split(string)).toEqual(expected);
  });
});

describe('sizes', () => {
  test.each<[string, number]>([
    ['0', 0],
    ['1', 1_048_576],
    ['256M', 268_435_456],
    ['256m', 268_435_456],
    ['1G', 1_073_741_824],
    ['0.5G', 536_870_912],
    ['1T', 1_099_511_627_776],
    ['4096K', 4_194_304],
    ['1048576B', 1_048_576],
  ])('%s', (text, bytes) => {
    expect(parseSize(text, 'M')).toEqual({ value: bytes });
  });

  test.each(['', 'M', '1 G', '-1M', '+1M', '1e3', '0x10', '1GB', '1.G', '.5G', '1P', 'NaN', '1\n'])(
    '%j is none',
    (text) => {
      expect(parseSize(text, 'M')).toHaveProperty('wrong');
    },
  );

  test.each(['0.3B', '1.00001M', '99999999999999T'])('%s is no whole number of bytes', (text) => {
    expect(parseSize(text, 'B')).toEqual({ wrong: `'${text}' is not a whole number of bytes` });
  });

  test.each<[number, string]>([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1K'],
    [268_435_456, '256M'],
    [1_610_612_736, '1536M'],
    [1_099_511_627_776, '1T'],
  ])('%i is shown as %s', (bytes, text) => {
    expect(showSize(bytes)).toBe(text);
  });
});

describe('values', () => {
  test.each(['on', 'yes', 'true', 'ON'])('%s switches on', (text) =>
    expect(onOff.parse(text)).toEqual({ value: true }),
  );
  test.each(['off', 'no', 'false', 'Off'])('%s switches off', (text) =>
    expect(onOff.parse(text)).toEqual({ value: false }),
  );
  test.each(['1', '0', 'o', 'onn'])('%j is no switch', (text) => expect(onOff.parse(text)).toHaveProperty('wrong'));

  test.each(['0600', '755', '7', '0'])('%s is a file mode', (text) => {
    expect(fileMode.parse(text)).toEqual({ value: Number.parseInt(text, 8) });
  });
  test.each(['08', '1777', '00600', '-1', 'rwx', '0o600'])('%s is no file mode', (text) => {
    expect(fileMode.parse(text)).toHaveProperty('wrong');
  });

  test.each(['', '1.0', '1e1', '0x1', ' 1', '99999999999999999999'])('%j is no number from 1 to 16', (text) => {
    expect(integer(1, 16).parse(text)).toHaveProperty('wrong');
  });
});

describe('the nearest name', () => {
  test.each<[string, string, number]>([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['path', 'pth', 1],
    ['ab', 'ba', 1],
  ])('%j to %j', (a, b, distance) => {
    expect([editDistance(a, b), editDistance(b, a)]).toEqual([distance, distance]);
  });

  test.each<[string, string | undefined]>([
    ['redonly', 'readonly'],
    ['READONLY', 'readonly'],
    ['pth', 'path'],
    ['x', undefined],
    ['colour', undefined],
  ])('of %s is %s', (wanted, expected) => {
    expect(nearest(wanted, ['path', 'readonly', 'mount_tag'])).toBe(expected);
  });

  test('a very long word is answered in time', () => {
    expect(nearest('x'.repeat(100_000), ['path', 'readonly'])).toBeUndefined();
  });
});
