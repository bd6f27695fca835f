import { expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { createSynth } from './backends/synth/synth.ts';
import { TakenBack } from './client/client.ts';
import { ATTACH, attached, errno, sessionOf } from './contract/sessions.ts';
import { Gate } from './contract/stubs.ts';
import { traceLines } from './trace.ts';
import { fidNumber as fid, tagNumber } from './wire-types.ts';

test('one line for each message of a conversation', async () => {
  const synth = createSynth();
  synth.root.directory('etc').file('passwd', 'root::0:0');
  const lines: string[] = [];
  let now = 0;
  const observer = traceLines(
    (line) => lines.push(line),
    () => (now += 10),
  );
  const { client, session } = await attached(synth, { observer });
  await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('etc'), utf8('passwd')] });
  await client.call('Tlopen', { fid: fid(1), flags: 0o100000 });
  await client.call('Tread', { fid: fid(1), offset: 0n, count: 4096 });
  await client.call('Tgetattr', { fid: fid(1), request_mask: 0x7ffn });
  await expect(client.call('Treadlink', { fid: fid(1) })).rejects.toBe(errno('EINVAL'));
  session.handle([Uint8Array.of(7, 0, 0, 0, 124, 9, 0)], [new Uint8Array(100)]);
  session.handle([Uint8Array.of(7, 0, 0, 0, 120, 9, 0)], [new Uint8Array(100)]);
  const took = ' (10 µs)';
  expect(lines).toEqual([
    'Tversion NOTAG msize 65536 version "9P2000.L"',
    `Rversion NOTAG msize 65536 version "9P2000.L"${took}`,
    'Tattach tag 0 fid 0 afid NOFID uname "root" aname "" n_uname 0',
    `Rattach tag 0 qid (0 0 d)${took}`,
    'Twalk tag 0 fid 0 newfid 1 wname ["etc" "passwd"]',
    `Rwalk tag 0 wqid [(1 0 d) (2 0 f)]${took}`,
    'Tlopen tag 0 fid 1 flags O_RDONLY|O_LARGEFILE',
    `Rlopen tag 0 qid (2 0 f) iounit 0${took}`,
    'Tread tag 0 fid 1 offset 0 count 4096',
    `Rread tag 0 data 9 bytes${took}`,
    'Tgetattr tag 0 fid 1 request_mask BASIC',
    expect.stringMatching(/^Rgetattr tag 0 valid BASIC qid \(2 0 f\) mode 0100444 uid 0 gid 0 nlink 1 .* \(10 µs\)$/),
    'Treadlink tag 0 fid 1',
    `Rlerror tag 0 ecode EINVAL${took}`,
    'T?124 tag 9: no message of this type',
    `Rlerror tag 9 ecode EOPNOTSUPP${took}`,
    'Tclunk tag 9: malformed',
    `Rlerror tag 9 ecode EPROTO${took}`,
  ]);
});

test('lines in the dialect that is spoken', async () => {
  const synth = createSynth();
  synth.root.file('file', 'x');
  const lines: string[] = [];
  const { client } = await attached(synth, { observer: traceLines((line) => lines.push(line)) }, '9P2000');
  await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('file')] });
  await client.call('Topen', { fid: fid(1), mode: 0x40 });
  await expect(client.call('Topen', { fid: fid(1), mode: 0 })).rejects.toBe(errno('EINVAL'));
  expect(lines.slice(2)).toEqual([
    'Tattach tag 0 fid 0 afid NOFID uname "root" aname ""',
    'Rattach tag 0 qid (0 0 d)',
    'Twalk tag 0 fid 0 newfid 1 wname ["file"]',
    'Rwalk tag 0 wqid [(1 0 f)]',
    'Topen tag 0 fid 1 mode OREAD|ORCLOSE',
    'Ropen tag 0 qid (1 0 f) iounit 0',
    'Topen tag 0 fid 1 mode OREAD',
    'Rerror tag 0 ename "Invalid argument"',
  ]);
});

test('a request that is taken back has a line too', async () => {
  const synth = createSynth();
  const gate = new Gate<number>();
  synth.root.special('slow', {
    read(_offset, _into, request) {
      request.onFlush(() => gate.reject(errno('EINTR')));
      return gate.promise;
    },
  });
  const lines: string[] = [];
  const { client } = await attached(synth, { observer: traceLines((line) => lines.push(line)) });
  await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('slow')] });
  await client.call('Tlopen', { fid: fid(1), flags: 0 });
  const read = client.send('Tread', { fid: fid(1), offset: 0n, count: 1 }, tagNumber(7)).reply;
  const taken = expect(read).rejects.toBeInstanceOf(TakenBack);
  await client.call('Tflush', { oldtag: tagNumber(7) });
  await taken;
  expect(lines.slice(-4)).toEqual([
    'Tread tag 7 fid 1 offset 0 count 1',
    'Tflush tag 0 oldtag 7',
    'taken back: Tread tag 7',
    'Rflush tag 0',
  ]);
});

test('an observer that throws is reported and harms no request', async () => {
  const wrong = new Error('wrong');
  const fails = () => {
    throw wrong;
  };
  const { client, bugs } = sessionOf(createSynth(), { observer: { reply: fails } });
  await client.version();
  await client.call('Tattach', ATTACH);
  expect(bugs).toEqual([wrong, wrong]);
});
