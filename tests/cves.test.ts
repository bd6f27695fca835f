import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

/**
 * What went wrong in other 9P servers, and the test that shows it does not here. A row is a number, what it demands, the test's file and a
 * piece of its title; this test holds that they exist.
 */
const CVES: readonly (readonly [number: string, demand: string, file: string, title: string])[] = [
  [
    '2016-7116',
    'no message takes a name with a slash or of dots',
    'ninep/backends/local/escape.test.ts',
    '$message $field that no file can have',
  ],
  ['2016-7116', '', 'ninep/backends/local/escape.test.ts', '$message $field that is a dot or two'],
  [
    '2016-9602',
    'no component is followed',
    'ninep/backends/local/race.test.ts',
    'a link swapped in during walks, creations and removals',
  ],
  [
    '2016-9602',
    '',
    'ninep/backends/local/race.test.ts',
    'a link swapped in for the directory during opens, links and renames',
  ],
  [
    '2016-9602',
    '',
    'ninep/backends/local/escape.test.ts',
    'is walked, opened, created through, linked, renamed and attributed as itself',
  ],
  [
    '2016-9102 to -9106',
    'attributes are let go on every path',
    'ninep/ops/xattr.test.ts',
    'what fids hold is bounded: ENOMEM, until one is clunked',
  ],
  ['2016-9913 to -9916', '', 'tests/fuzz/fuzz.test.ts', 'over %s'],
  [
    '2017-7377, -8086',
    'offsets and counts of attributes are checked',
    'ninep/ops/xattr.test.ts',
    'writes must follow each other and stay within the size',
  ],
  ['2017-7471', 'the root cannot be left', 'ninep/backends/local/escape.test.ts', 'stays at the root'],
  ['2017-7471', '', 'tests/bind-mount.test.ts', 'a bind mount inside a share leads up to the share'],
  [
    '2017-7493',
    'the metadata of mapped-file is no file of the share',
    'ninep/backends/local/mapped/metadata.test.ts',
    '%s by any operation that takes a name',
  ],
  ['2017-7493', '', 'ninep/backends/local/mapped/metadata.test.ts', 'it is not listed, wherever a listing is begun'],
  [
    '2017-7493',
    '',
    'ninep/backends/local/mapped/metadata.test.ts',
    'a symbolic link for the directory: nothing is read through it, and nothing written',
  ],
  [
    '2017-15038',
    'size and value of an attribute are of one moment',
    'ninep/ops/xattr.test.ts',
    'captures the value: it does not change while it is read',
  ],
  ['2018-19364', 'a fid is not changed under a request', 'ninep/fids.test.ts', 'two opens of one fid at once'],
  [
    '2018-19489',
    'a rename does not change what a fid is',
    'ninep/backends/local/walk.test.ts',
    '.. of a directory moved within the share is where it is now',
  ],
  ['2021-20181', 'a fid is held while it is used', 'ninep/fids.test.ts', 'a clunk during a read'],
  ['2023-2861', 'no device, FIFO or socket is opened', 'ninep/backends/local/open.test.ts', 'a FIFO is ENXIO at once'],
  ['2023-2861', '', 'ninep/backends/local/open.test.ts', 'a device is ENXIO'],
  [
    '2023-1386',
    'a write takes setuid and setgid off',
    'ninep/backends/local/open.test.ts',
    '%s by an ordinary user takes them off',
  ],
  [
    '2026-9238',
    'a reply is written in place, never allocated by a count',
    'ninep/ops/io.test.ts',
    'writes entries into the reply in place, as many as fit whole',
  ],
  ['2026-8348', 'attributes held by fids are bounded', 'ninep/ops/xattr.test.ts', 'what fids hold is bounded'],
  [
    '2026-48004',
    'a directory may change while it is listed',
    'ninep/backends/local/directory.test.ts',
    'a directory removed while open is ENOENT',
  ],
  ['2026-63318', 'O_TRUNC does not get past readonly', 'ninep/backends/local/readonly.test.ts', '%s is EROFS'],
];

const root = fileURLToPath(new URL('..', import.meta.url));

test.each(CVES)('CVE-%s: %s (%s: %s)', (_number, _demand, file, title) => {
  const titles = [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /^\s*(?:test|asRoot|inNamespace|\]\)|test\.each\(.*\))?\(?\s*(['"`])(.*)\1/gm,
    ),
  ];
  expect(titles.map((match) => match[2] ?? '').filter((known) => known.includes(title))).not.toEqual([]);
});
