import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeMessage } from '../../ninep/codec.ts';
import { fidNumber, NOTAG, tagNumber } from '../../ninep/wire-types.ts';
import type { EventStream } from '../../trace/event-stream.ts';
import { parseTrace } from '../options/trace.ts';
import { openTraces } from '../trace/traces.ts';
import { type CommandLineParts, runCommand } from './run-command.ts';
import { FakeProcess } from './test-support/fake-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-trace-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (name: string) => join(scratch, name);

async function run(...args: string[]) {
  const io = new FakeProcess();
  const status = await runCommand(args, io, { version: '1.2.3' } as CommandLineParts);
  return { status, out: io.stdout.text, err: io.stderr.text };
}

/** A short conversation: a hundred reads that take 1 to 100 µs, one that fails, one taken back. */
function tell(events: EventStream): void {
  const send = (name: 'Tread' | 'Tclunk' | 'Tversion', tag: number, bytes: Uint8Array) =>
    events.emit('host', 'request', {
      name,
      tag,
      type: bytes[4] ?? 0,
      size: bytes.length,
      fids: name === 'Tversion' ? [] : [5],
      text: `${name} tag ${tag} fid 5`,
      bytes,
    });
  const answer = (name: string, tag: number, request: number, took: number, bytes: Uint8Array, error?: string) =>
    events.emit('host', 'reply', {
      name,
      tag,
      type: bytes[4] ?? 0,
      size: bytes.length,
      text: `${name} tag ${tag}`,
      request,
      took,
      error,
      bytes,
    });
  const version = { msize: 8192, version: '9P2000.L' };
  const first = send('Tversion', NOTAG, encodeMessage('Tversion', NOTAG, version));
  answer('Rversion', NOTAG, first, 3, encodeMessage('Rversion', NOTAG, version));
  const data = { segments: [new Uint8Array(10)], length: 10 };
  for (let took = 1; took <= 100; took += 1) {
    const read = send('Tread', 1, encodeMessage('Tread', tagNumber(1), { fid: fidNumber(5), offset: 0n, count: 10 }));
    events.emit('host', 'host-call', {
      name: 'preadv2',
      text: 'preadv2(3)',
      result: 10,
      took,
      where: 'here',
      request: read,
    });
    answer('Rread', 1, read, took, encodeMessage('Rread', tagNumber(1), { data }));
  }
  const clunk = send('Tclunk', 2, encodeMessage('Tclunk', tagNumber(2), { fid: fidNumber(5) }));
  answer('Rlerror', 2, clunk, 7, encodeMessage('Rlerror', tagNumber(2), { ecode: 9 }), 'EBADF');
  const late = send('Tclunk', 4, encodeMessage('Tclunk', tagNumber(4), { fid: fidNumber(5) }));
  events.emit('host', 'taken-back', { name: 'Tclunk', tag: 4, took: 1, request: late });
  events.emit('host', 'guest-fault', { message: 'queue 0: a loop' });
}

const FILES = { text: 'run.txt', jsonl: 'run.jsonl', pcapng: 'run.pcapng', recording: 'run.rec' } as const;

beforeAll(async () => {
  for (const name of ['run.txt', 'run.jsonl', 'run.pcapng']) {
    const record = name === 'run.txt' ? file('run.rec') : undefined;
    const notice = (line: string) => expect(line).toBe('');
    const traces = openTraces(
      { trace: parseTrace(`${file(name)},events=all`), record },
      { program: '1.2.3', stderr: new FakeProcess().stderr, notice },
    );
    if (traces.hooks.events !== undefined) tell(traces.hooks.events);
    await traces.close();
  }
});

describe.each(Object.entries(FILES))('tsvmm trace of %s', (format, name) => {
  test('sums up', async () => {
    const { status, out, err } = await run('trace', file(name), '--summary');
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^307 events in \d+\.\d{6} s\n/);
    const row = (title: string) => new RegExp(`^${title} .*$`, 'm').exec(out)?.[0].split(/ {2,}/);
    expect(row('Tread')).toEqual(['Tread', '100', '0', '0', '2300', '2100', '50', '95', '99', '100']);
    expect(row('Tclunk')).toEqual(['Tclunk', '2', '1', '1', '22', '11', '7', '7', '7', '7']);
    expect(row('preadv2')).toEqual(['preadv2', '100', '0', '50', '95', '99', '100']);
    expect(row('EBADF')).toEqual(['EBADF', '1']);
    expect(row('host: queue 0: a loop')).toEqual(['host: queue 0: a loop', '1']);
    const slowest = out.slice(out.indexOf('Slowest requests')).split('\n').slice(1, 11);
    expect(slowest.map((line) => Number.parseInt(line, 10))).toEqual([100, 99, 98, 97, 96, 95, 94, 93, 92, 91]);
    expect(slowest[0]).toMatch(/#\d+ host Tread tag 1 fid 5/);
  });

  test('filters', async () => {
    const { out } = await run('trace', file(name), '--tag', '2', '--events', '9p');
    expect(
      out
        .split('\n')
        .slice(1, -1)
        .map((line) => / (T|R)\w+ tag 2/.exec(line)?.[0]),
    ).toEqual([' Tclunk tag 2', ' Rlerror tag 2']);
    const fids = await run('trace', file(name), '--fid', '5', '--message', 'Rlerror');
    expect(fids.out.split('\n').length).toBe(3);
    expect((await run('trace', file(name), '--device', 'other')).out.split('\n').length).toBe(2);
  });

  test('goes to JSON Lines, but for text, which does not say enough', async () => {
    const { status, out, err } = await run('trace', file(name), '--format', 'jsonl');
    if (format === 'text') {
      expect([status, out]).toEqual([2, '']);
      expect(err).toMatch(/is text, which does not say enough for jsonl/);
      return;
    }
    const events = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line));
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 307 }, (_, index) => index + 1));
    expect(events[4]).toMatchObject({ kind: 'reply', name: 'Rread', took: 1, request: 3 });
  });
});

describe('a bad file is one line and status 2', () => {
  test.each<[string, string | undefined, RegExp]>([
    ['none', undefined, /none does not exist; name a file that --trace or --record wrote$/],
    ['empty', '', /empty cannot be read: it is empty$/],
    [
      'prose',
      'Dear reader,\n',
      /prose cannot be read: it is no trace, recording or pcapng of tsvmm; the lines of --trace FILE alone are not read, /,
    ],
    ['short.pcapng', '\n\r\r\n', /cannot be read: it is no trace|its first block is cut off$/],
    ['other.jsonl', '{"a":1}\n', /cannot be read: it does not begin with the header of a trace$/],
    [
      'damaged.jsonl',
      '{"format":"tsvmm-trace","version":1,"program":"","started":""}\n{"id":1}\n{}\n',
      /damaged.jsonl cannot be read: line 2: an event lacks its id or time$/,
    ],
  ])('%s', async (name, content, line) => {
    if (content !== undefined) writeFileSync(file(name), content);
    const { status, out, err } = await run('trace', file(name));
    expect(status).toBe(2);
    expect(err.trimEnd()).toMatch(line);
    expect([err.split('\n').length, out.includes('tag')]).toEqual([2, false]);
  });

  test('a directory, no file, options that exclude each other', async () => {
    expect((await run('trace', scratch)).err).toMatch(/ is a directory; name a file/);
    expect(await run('trace')).toEqual({
      status: 2,
      out: '',
      err: 'tsvmm: trace: lacks its file; write tsvmm trace FILE\n',
    });
    expect((await run('trace', 'x', '--summary', '--format', 'text')).err).toMatch(/exclude each other/);
    expect((await run('trace', 'x', '--events', 'kicks')).err).toBe(
      "tsvmm: trace: events: 'kicks' is unknown; did you mean kick?\n",
    );
  });
});

test('a file that ends in the middle is read as far as it goes, and that is said', async () => {
  const { out } = await run('trace', file('run.jsonl'), '--format', 'jsonl');
  writeFileSync(file('cut.jsonl'), out.slice(0, out.length - 20));
  const cut = await run('trace', file('cut.jsonl'), '--summary');
  expect([cut.status, cut.err]).toEqual([
    0,
    `tsvmm: trace: ${file('cut.jsonl')} ends in the middle of an event; what is before it was read\n`,
  ]);
  expect(cut.out).toMatch(/^306 events/);
});
