import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../usage-error.ts';
import { parseXml } from './xml-tree.ts';

test('a tree with lines, attributes and text', () => {
  const root = parseXml(
    '<?xml version="1.0"?>\n<!-- a\nb -->\n<a x="1 &amp; 2">\n <b y="&#x41;"\n/> t <![CDATA[<raw>]]> &lt;\n</a>\n',
    'f',
  );
  expect(root).toEqual({
    name: 'a',
    line: 4,
    attributes: new Map([['x', '1 & 2']]),
    children: [{ name: 'b', line: 5, attributes: new Map([['y', 'A']]), children: [], text: '' }],
    text: 't <raw> <',
  });
});

test('names that objects have by themselves are names like others', () => {
  const root = parseXml('<__proto__ constructor="1" __proto__="2"/>', 'f');
  expect([root.name, [...root.attributes]]).toEqual([
    '__proto__',
    [
      ['constructor', '1'],
      ['__proto__', '2'],
    ],
  ]);
});

describe('refused in one line', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  test.each<[string, string, RegExp]>([
    ['nothing', '', /^f:1: document must contain a root element$/],
    ['no XML', 'memory=512', /^f:1: /],
    ['an end that is missing', '<a>\n<b>\n</a>', /^f:3: /],
    ['an attribute twice', '<a b="1" b="2"/>', /^f:1: duplicate attribute: b$/],
    ['a bare ampersand', '<a>\n&</a>', /^f:2: /],
    ['a NUL', '<a>\0</a>', /^f:1: disallowed character$/],
    ['two roots', '<a/><b/>', /^f:1: /],
    ['a document type', '<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<a/>', /^f:1: a document type is not taken/],
    [
      'entities that multiply',
      `<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "${'&x;'.repeat(10)}">]>\n<a>&y;</a>`,
      /^f:1: a document type is not taken/,
    ],
    ['an entity of its own', '<a>&x;</a>', /^f:1: undefined entity/],
    ['a deep tree', nested(33), /^f:1: elements are nested more than 32 deep$/],
    ['a wide tree', `<a>${'<b/>'.repeat(10_000)}</a>`, /^f:1: there are more than 10000 elements$/],
    ['a large document', `<a>${'x'.repeat(2 ** 20)}</a>`, /^f: has 1048583 characters; a domain has at most 1048576$/],
  ])('%s', (_, text, line) => {
    let caught: unknown;
    try {
      parseXml(text, 'f');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(UsageError);
    expect((caught as UsageError).message).toMatch(line);
    expect((caught as UsageError).message).not.toContain('\n');
  });

  test('what is just within the limits is taken', () => {
    expect(parseXml(nested(32), 'f').name).toBe('a');
    expect(parseXml(`<a>${'<b/>'.repeat(9_999)}</a>`, 'f').children).toHaveLength(9_999);
  });
});
