import { describe, expect, test } from '@jest/globals';
import { type Payload, utf8 } from '../bytes/wire.ts';
import { allCodecs, codecOf, codecOfType, decodeMessage, encodeMessage } from './codec.ts';
import { type Fields, MESSAGES, type MessageBody, type MessageName } from './messages.ts';
import { UNTOUCHED } from './stat.ts';
import { formIn, type Version } from './versions.ts';
import { fidNumber, NOFID, NOTAG, tagNumber } from './wire-types.ts';

const TAG = tagNumber(0x0102);

/** The bodies to try for each message: the first samples of all fields, the second samples, and so on. */
function samples(fields: Fields, version: Version): Record<string, unknown>[] {
  const forms = Object.entries(fields).map(([name, type]) => [name, formIn(type, version).samples] as const);
  const rounds = Math.max(1, ...forms.map(([, values]) => values.length));
  return Array.from({ length: rounds }, (_, round) =>
    Object.fromEntries(forms.map(([name, values]) => [name, values[round % values.length]])),
  );
}

function isBodyOf<N extends MessageName>(_name: N, _body: object): _body is MessageBody<N> {
  return true;
}

function encodeSample(name: MessageName, body: object, version: Version): Uint8Array {
  if (!isBodyOf(name, body)) throw new Error('unreachable');
  return encodeMessage(name, TAG, body, version);
}

function withSize(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length, true);
  return bytes;
}

const everyMessage = MESSAGES.flatMap((row) => row.versions.map((version) => [row.name, version, row] as const));

describe.each(everyMessage)('%s of %s', (name, version, row) => {
  const bodies = samples(row.fields, version);
  const optional = Object.values(row.fields).at(-1)?.optional === true;

  test('survives a round trip', () => {
    for (const body of bodies) {
      const decoded = decodeMessage(encodeSample(name, body, version), version);
      if (!decoded.ok) throw new Error(decoded.reason);
      expect(decoded.codec.name).toBe(name);
      expect(decoded.tag).toBe(TAG);
      expect(decoded.body).toEqual(body);
    }
  });

  test('is refused at every truncation and with a byte too many', () => {
    for (const body of bodies) {
      const whole = encodeSample(name, body, version);
      for (let length = 0; length < whole.length; length++) {
        if (optional && length === whole.length - 4) continue;
        expect(decodeMessage(whole.subarray(0, length), version).ok).toBe(false);
        const claimed = withSize(whole.slice(0, Math.max(length, 4))).subarray(0, length);
        expect(decodeMessage(claimed, version)).toEqual({
          ok: false,
          reason: length < 7 ? expect.anything() : 'short',
        });
      }
      const longer = new Uint8Array(whole.length + 1);
      longer.set(whole);
      expect(decodeMessage(longer, version)).toEqual({ ok: false, reason: 'size' });
      const trailing = decodeMessage(withSize(longer), version);
      expect(trailing.ok).toBe(false);
    }
  });

  test('is no shorter than its minimum', () => {
    const { minimum } = codecOf(name, version);
    for (const body of bodies) expect(encodeSample(name, body, version).length).toBeGreaterThanOrEqual(minimum);
  });
});

describe('the message table', () => {
  test('has every message of 9P2000.L with its number', () => {
    const numbers = Object.fromEntries([...allCodecs()].map(({ name, type }) => [name, type]));
    expect(numbers).toEqual({
      ...{ Rlerror: 7, Tstatfs: 8, Rstatfs: 9, Tlopen: 12, Rlopen: 13, Tlcreate: 14, Rlcreate: 15 },
      ...{ Tsymlink: 16, Rsymlink: 17, Tmknod: 18, Rmknod: 19, Trename: 20, Rrename: 21 },
      ...{ Treadlink: 22, Rreadlink: 23, Tgetattr: 24, Rgetattr: 25, Tsetattr: 26, Rsetattr: 27 },
      ...{ Txattrwalk: 30, Rxattrwalk: 31, Txattrcreate: 32, Rxattrcreate: 33, Treaddir: 40, Rreaddir: 41 },
      ...{ Tfsync: 50, Rfsync: 51, Tlock: 52, Rlock: 53, Tgetlock: 54, Rgetlock: 55, Tlink: 70, Rlink: 71 },
      ...{ Tmkdir: 72, Rmkdir: 73, Trenameat: 74, Rrenameat: 75, Tunlinkat: 76, Runlinkat: 77 },
      ...{ Tversion: 100, Rversion: 101, Tauth: 102, Rauth: 103, Tattach: 104, Rattach: 105 },
      ...{ Tflush: 108, Rflush: 109, Twalk: 110, Rwalk: 111, Tread: 116, Rread: 117, Twrite: 118, Rwrite: 119 },
      ...{ Tclunk: 120, Rclunk: 121, Tremove: 122, Rremove: 123 },
    });
  });

  test.each(['9P2000', '9P2000.u'] as const)('has every message of %s with its number', (version) => {
    const numbers = Object.fromEntries([...allCodecs(version)].map(({ name, type }) => [name, type]));
    expect(numbers).toEqual({
      ...{ Tversion: 100, Rversion: 101, Tauth: 102, Rauth: 103, Tattach: 104, Rattach: 105, Rerror: 107 },
      ...{ Tflush: 108, Rflush: 109, Twalk: 110, Rwalk: 111, Topen: 112, Ropen: 113, Tcreate: 114, Rcreate: 115 },
      ...{ Tread: 116, Rread: 117, Twrite: 118, Rwrite: 119, Tclunk: 120, Rclunk: 121, Tremove: 122, Rremove: 123 },
      ...{ Tstat: 124, Rstat: 125, Twstat: 126, Rwstat: 127 },
    });
  });

  test('has nothing for a type it does not know', () => {
    expect(codecOfType(6)).toBeUndefined();
    expect(codecOfType(255)).toBeUndefined();
    expect(decodeMessage(Uint8Array.of(7, 0, 0, 0, 6, 1, 0))).toEqual({ ok: false, reason: 'type' });
  });

  test('sizes of fixed messages are the specified ones', () => {
    expect(codecOf('Rlerror').minimum).toBe(11);
    expect(codecOf('Rgetattr').minimum).toBe(160);
    expect(codecOf('Tsetattr').minimum).toBe(67);
    expect(codecOf('Rstatfs').minimum).toBe(67);
    expect(codecOf('Twrite').minimum).toBe(23);
    expect(codecOf('Tread').minimum).toBe(23);
    expect(codecOf('Rread').minimum).toBe(11);
  });

  test('bytes of a Twalk', () => {
    const wname = [Uint8Array.of(0x61)];
    const bytes = encodeMessage('Twalk', TAG, { fid: fidNumber(1), newfid: fidNumber(2), wname });
    expect([...bytes]).toEqual([20, 0, 0, 0, 110, 2, 1, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 0x61]);
  });

  test('bytes of a Tversion', () => {
    const bytes = encodeMessage('Tversion', NOTAG, { msize: 8192, version: '9P2000.L' });
    const version = [0x39, 0x50, 0x32, 0x30, 0x30, 0x30, 0x2e, 0x4c];
    expect([...bytes]).toEqual([21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, ...version]);
  });

  test('bytes of a qid', () => {
    const qid = { type: 0x80, version: 0x01020304, path: 0x1112_1314_1516_1718n };
    const bytes = encodeMessage('Rattach', TAG, { qid });
    expect([...bytes.subarray(7)]).toEqual([0x80, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
  });

  test('bytes of a Tattach: 9P2000 has no n_uname', () => {
    const body = { fid: fidNumber(1), afid: NOFID, uname: utf8('u'), aname: utf8(''), n_uname: 7 };
    const names = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0x75, 0, 0];
    expect([...encodeMessage('Tattach', TAG, body, '9P2000')]).toEqual([20, 0, 0, 0, 104, 2, 1, ...names]);
    expect([...encodeMessage('Tattach', TAG, body, '9P2000.u')]).toEqual([
      24,
      0,
      0,
      0,
      104,
      2,
      1,
      ...names,
      7,
      0,
      0,
      0,
    ]);
    const decoded = decodeMessage(encodeMessage('Tattach', TAG, body, '9P2000'), '9P2000');
    expect(decoded).toMatchObject({ ok: true, body: { n_uname: 0xffff_ffff } });
  });

  test('bytes of an Rerror: 9P2000 has no errno', () => {
    const body = { ename: 'no', errno: 2 };
    expect([...encodeMessage('Rerror', TAG, body, '9P2000')]).toEqual([11, 0, 0, 0, 107, 2, 1, 2, 0, 0x6e, 0x6f]);
    const withNumber = [15, 0, 0, 0, 107, 2, 1, 2, 0, 0x6e, 0x6f, 2, 0, 0, 0];
    expect([...encodeMessage('Rerror', TAG, body, '9P2000.u')]).toEqual(withNumber);
  });

  test('bytes of an Rstat, with the fields of 9P2000.u behind', () => {
    const stat = {
      ...{ type: 0x0102, dev: 0x03040506, qid: { type: 0x82, version: 1, path: 2n }, mode: 0x8000_01ed },
      ...{ atime: 3, mtime: 4, length: 5n, name: utf8('n'), uid: '1', gid: '22', muid: '' },
      ...{ extension: utf8('x'), n_uid: 1, n_gid: 22, n_muid: 0xffff_ffff },
    };
    const fields = (qidType: number) => [
      ...[2, 1, 6, 5, 4, 3, qidType, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xed, 1, 0, 0x80],
      ...[3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x6e, 1, 0, 0x31, 2, 0, 0x32, 0x32, 0, 0],
    ];
    const unix = [1, 0, 0x78, 1, 0, 0, 0, 22, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    const bytesOf = (version: Version) => [...encodeMessage('Rstat', TAG, { stat }, version)];
    expect(bytesOf('9P2000')).toEqual([62, 0, 0, 0, 125, 2, 1, 53, 0, 51, 0, ...fields(0x80)]);
    expect(bytesOf('9P2000.u')).toEqual([77, 0, 0, 0, 125, 2, 1, 68, 0, 66, 0, ...fields(0x82), ...unix]);
  });

  test.each([
    ['a count that is not that of the stat', 7],
    ['a size of a stat that is not its fields', 9],
  ])('%s is refused', (_, at) => {
    const bytes = encodeMessage('Rstat', TAG, { stat: UNTOUCHED }, '9P2000');
    bytes[at] = (bytes[at] ?? 0) - 1;
    expect(decodeMessage(bytes, '9P2000').ok).toBe(false);
  });

  test('a Tfsync of an older client lacks datasync', () => {
    const decoded = decodeMessage(Uint8Array.of(11, 0, 0, 0, 50, 0, 0, 9, 0, 0, 0));
    expect(decoded).toMatchObject({ ok: true, body: { fid: 9, datasync: 0 } });
  });

  test('notation lines', () => {
    expect(codecOf('Twalk').notation).toBe('size[4] Twalk tag[2] fid[4] newfid[4] nwname[2] nwname*(wname[s])');
    expect(codecOf('Rread').notation).toBe('size[4] Rread tag[2] count[4] data[count]');
    expect(codecOf('Rattach').notation).toBe('size[4] Rattach tag[2] qid[13]');
    expect(codecOf('Twstat', '9P2000').notation).toBe('size[4] Twstat tag[2] fid[4] stat[n]');
    const create = 'size[4] Tcreate tag[2] fid[4] name[s] perm[4] mode[1]';
    expect(codecOf('Tcreate', '9P2000').notation).toBe(create);
    expect(codecOf('Tcreate', '9P2000.u').notation).toBe(`${create} extension[s]`);
  });

  test('a head without its payload still counts it', () => {
    const data: Payload = { segments: [new Uint8Array(100)], length: 100 };
    expect(codecOf('Rread').size({ data })).toBe(104);
  });
});

describe('what a trace shows', () => {
  test.each([
    ['Tlopen', { fid: fidNumber(1), flags: 0o1002 }, 'fid 1 flags O_RDWR|O_TRUNC'],
    ['Tlopen', { fid: fidNumber(1), flags: 0 }, 'fid 1 flags O_RDONLY'],
    ['Tlopen', { fid: fidNumber(1), flags: 0o4010001 }, 'fid 1 flags O_WRONLY|O_SYNC'],
    ['Tlopen', { fid: fidNumber(1), flags: 0o20000000000 }, 'fid 1 flags O_RDONLY|020000000000'],
    ['Tgetattr', { fid: NOFID, request_mask: 0x7ffn }, 'fid NOFID request_mask BASIC'],
    ['Tgetattr', { fid: fidNumber(3), request_mask: 0x17ffn }, 'fid 3 request_mask BASIC|GEN'],
    ['Rlerror', { ecode: 2 }, 'ecode ENOENT'],
    ['Rlerror', { ecode: 4000 }, 'ecode 4000'],
    ['Rlock', { status: 1 }, 'status BLOCKED'],
    ['Rattach', { qid: { type: 0x80, version: 7, path: 0x1a2bn } }, 'qid (1a2b 7 d)'],
  ] as const)('%s %p', (name, body, expected) => {
    expect(codecOf(name).show(body)).toBe(expected);
  });

  test('modes of Plan 9, and no field that the dialect does not have', () => {
    const body = { fid: fidNumber(1), name: utf8('n'), perm: 0x8000_01ed, mode: 0x12, extension: utf8('') };
    const shown = 'fid 1 name "n" perm DMDIR|0755 mode ORDWR|OTRUNC';
    expect(codecOf('Tcreate', '9P2000').show(body)).toBe(shown);
    expect(codecOf('Tcreate', '9P2000.u').show(body)).toBe(`${shown} extension ""`);
    expect(codecOf('Twstat', '9P2000').show({ fid: fidNumber(1), stat: UNTOUCHED })).toMatch(
      /^fid 1 stat \(type .* muid ""\)$/,
    );
  });
});
