import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseTrace } from '../options/trace.ts';
import { openTraces } from './traces.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-traces-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function opened(trace: string | true | undefined, record?: string, stderr: Writable = new PassThrough()) {
  const notices: string[] = [];
  const traces = openTraces(
    { trace: trace === undefined ? undefined : parseTrace(trace), record },
    { program: '1.2.3', stderr, notice: (line) => notices.push(line) },
  );
  return { ...traces, notices };
}

describe('the traces of a run', () => {
  test('nothing asked for, nothing watched', async () => {
    const { hooks, close } = opened(undefined);
    expect(hooks).toEqual({});
    await close();
  });

  test('one line for each message needs no stream of events', async () => {
    const file = join(scratch, 'lines');
    const { hooks, close } = opened(file);
    expect(hooks.events).toBeUndefined();
    hooks.trace?.('host: Tversion');
    await close();
    expect(readFileSync(file, 'utf8')).toBe('host: Tversion\n');
  });

  test('a trace and a recording take the same events, each in its own way', async () => {
    const [file, record] = [join(scratch, 'run.jsonl'), join(scratch, 'run.rec')];
    const { hooks, close, notices } = opened(`${file},events=kick`, record);
    hooks.events?.emit('host', 'kick', { queue: 0 });
    hooks.events?.emit('host', 'pin', { level: 1 });
    await close();
    const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(header)).toMatchObject({ format: 'tsvmm-trace', version: 1, program: '1.2.3' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ id: 1, kind: 'kick', device: 'host', queue: 0 }]);
    expect(readFileSync(record).subarray(0, 8).toString()).toBe('TSVMMREC');
    expect(notices).toEqual([]);
  });

  test('what is not written for long is written all the same', async () => {
    const file = join(scratch, 'lingering');
    const { hooks, close } = opened(`${file},events=all`);
    hooks.events?.emit('host', 'kick', { queue: 0 });
    for (let turn = 0; turn < 3000 && !readFileSync(file, 'utf8').includes('kick'); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readFileSync(file, 'utf8')).toMatch(/kick +queue 0\n$/);
    await close();
  });

  test('a file gets every event of a flood, in the turn of it', async () => {
    const file = join(scratch, 'flood');
    const { hooks, close, notices } = opened(`${file},events=all`);
    for (let count = 0; count < 20_000; count += 1) hooks.events?.emit('host', 'kick', { queue: count });
    // Before any other turn: nothing but the last piece waits in memory.
    expect(readFileSync(file).length).toBeGreaterThan(19_000 * 40);
    await close();
    expect(readFileSync(file, 'utf8').trimEnd().split('\n').length).toBe(20_001);
    expect(notices).toEqual([]);
  });

  test('of a flood to a terminal that nobody reads, what does not fit is counted and said', async () => {
    let release = (): void => {};
    const taken: Buffer[] = [];
    const stuck = new Writable({
      write(chunk, _encoding, done) {
        taken.push(chunk);
        if (taken.length > 1) done();
        else release = done;
      },
    });
    const { hooks, close, notices } = opened('events=all', undefined, stuck);
    for (let count = 1; count <= 200_000; count += 1) hooks.events?.emit('host', 'kick', { queue: 0 });
    expect(stuck.writableLength).toBeLessThan(9 * 2 ** 20);
    release();
    for (let turn = 0; turn < 1000 && stuck.writableLength > 0; turn += 1) await new Promise(setImmediate);
    hooks.events?.emit('host', 'kick', { queue: 7 });
    await close();
    for (let turn = 0; turn < 1000 && stuck.writableLength > 0; turn += 1) await new Promise(setImmediate);
    const lines = Buffer.concat(taken).toString().trimEnd().split('\n');
    const dropped = Number(/dropped +(\d+) events from/.exec(lines.at(-2) ?? '')?.[1]);
    expect(dropped).toBeGreaterThan(1000);
    expect(lines.length - 1 + dropped - 1).toBe(200_001);
    expect(lines.at(-1)).toMatch(/^ +200001 .* queue 7$/);
    expect(notices).toEqual([`--trace: ${dropped} events are missing, since they could not be written`]);
  });

  test('a pipe is no file: it is waited for by nobody', async () => {
    const pipe = join(scratch, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, 'r+');
    const { hooks, close } = opened(`${pipe},events=all`);
    for (let count = 0; count < 20_000; count += 1) hooks.events?.emit('host', 'kick', { queue: count });
    const bytes = Buffer.alloc(2 ** 16);
    const closed = close();
    let text = '';
    for (let turn = 0; turn < 5000 && !text.includes('queue 19999\n'); turn += 1) {
      text = (text + bytes.toString('latin1', 0, readSync(reader, bytes))).slice(-4096);
      await new Promise(setImmediate);
    }
    expect(text).toContain('queue 19999\n');
    await closed;
    closeSync(reader);
  });

  test('a disk that is full is said once, and the run goes on', async () => {
    const { hooks, close, notices } = opened('/dev/full,events=all');
    for (let count = 0; count < 10_000; count += 1) {
      hooks.events?.emit('host', 'kick', { queue: 0 });
      if (count % 1000 === 0) await new Promise(setImmediate);
    }
    await close();
    expect(notices[0]).toBe('--trace: /dev/full cannot be written any more (ENOSPC)');
    expect(notices.length).toBe(2);
    expect(notices[1]).toMatch(/^--trace: \d+ events are missing/);
  });
});
