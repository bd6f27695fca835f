import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMemory } from '../ninep/backends/memory/memory.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { Client } from '../ninep/client/client.ts';
import { Tree } from '../ninep/client/tree.ts';
import { errno } from '../ninep/contract/sessions.ts';
import { createSession } from '../ninep/session.ts';
import type { ExportConfig } from './export-config.ts';
import { type OpenedExport, openExport } from './shares.ts';
import { UsageError } from './usage-error.ts';

const PAGE = 4096;
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-shares-'));
beforeAll(() => mkdirSync(join(scratch, 'd')));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Opens an export and uses it as a client does. */
async function on(config: ExportConfig, use: (tree: Tree, opened: OpenedExport, client: Client) => Promise<void>) {
  const opened = await openExport(config);
  const observer = opened.counters?.observer();
  const session = createSession(opened.exported, observer && { observer });
  try {
    const client = new Client(session);
    await client.version();
    await use(await Tree.attach(client), opened, client);
  } finally {
    opened.interrupt();
    await session.reset();
    await opened.close();
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('drivers', () => {
  test('local is the default', () =>
    on({ path: scratch }, async (tree) => {
      writeFileSync(join(scratch, 'file'), 'text');
      expect(textOf(await tree.readFile('file'))).toBe('text');
    }));

  test('memory begins empty, and its quota is its size', () =>
    on({ driver: 'memory', quota: { bytes: 8 * PAGE, inodes: 3 } }, async (tree) => {
      expect((await tree.list('')).map(({ name }) => textOf(name))).toEqual(['.', '..']);
      expect(await tree.statfs('')).toMatchObject({ blocks: 8n, files: 3n });
      await tree.mkdir('a');
      await tree.mkdir('b');
      await expect(tree.mkdir('c')).rejects.toBe(errno('ENOSPC'));
    }));

  test("synth is QEMU's tree", () =>
    on({ driver: 'synth' }, async (tree) => {
      expect((await tree.getattr('WALK0/WALK1')).qid.path).toBe(2n);
    }));

  test('a backend of the program stays open', async () => {
    const synth = createSynth();
    let closed = false;
    const backend = {
      driver: 'mine',
      attach: synth.attach,
      close() {
        closed = true;
      },
    };
    await on({ driver: 'backend', backend }, async (tree) => {
      await tree.getattr('');
    });
    expect(closed).toBe(false);
  });

  test.each<ExportConfig>([
    { path: scratch, readonly: true },
    { driver: 'memory', readonly: true },
    { driver: 'backend', backend: createMemory(), readonly: true },
    { driver: 'synth', readonly: true },
  ])('read-only (%#)', (config) =>
    on(config, async (tree) => {
      await expect(tree.mkdir('new')).rejects.toBe(errno('EROFS'));
    }),
  );
});

describe('layers', () => {
  test('a directory with a quota, other numbers and a limit has all three', () =>
    on(
      {
        path: join(scratch, 'd'),
        quota: { bytes: 10 * PAGE },
        uidMap: [{ inside: 0, outside: process.geteuid?.() ?? 0, count: 1 }],
        throttling: { bps: { write: { rate: 10 * PAGE } } },
      },
      async (tree) => {
        const began = performance.now();
        await tree.writeFile('file', new Uint8Array(2 * PAGE));
        const fid = await tree.open('file', 1);
        await tree.write(fid, 0n, new Uint8Array(1));
        expect(performance.now() - began).toBeGreaterThan(80);
        await expect(tree.write(fid, 0n, new Uint8Array(15 * PAGE)).then((count) => count)).resolves.toBeLessThan(
          11 * PAGE,
        );
        expect((await tree.getattr('file')).uid).toBe(0);
      },
    ));

  test('counters are read by clients in a file, and by the program', () =>
    on({ driver: 'memory', counters: true }, async (tree, { counters }) => {
      await expect(tree.getattr('absent')).rejects.toBe(errno('ENOENT'));
      await tree.mkdir('d');
      const lines = textOf(await tree.readFile('.tsvmm/counters'))
        .trim()
        .split('\n');
      expect(lines[0]).toBe('message count bytes_in bytes_out taken_back errors latency_us');
      expect(lines.find((line) => line.startsWith('Tmkdir '))).toMatch(/^Tmkdir 1 \d+ 20 0 - \d+:1$/);
      expect(lines.find((line) => line.startsWith('Twalk '))).toContain(' ENOENT:1 ');
      expect(counters?.read().Tmkdir?.count).toBe(1);
    }));

  test('without them nothing is counted, and no name is taken', () =>
    on({ driver: 'memory' }, async (tree, { counters }) => {
      expect(counters).toBeUndefined();
      await tree.mkdir('.tsvmm');
    }));
});

describe('several exports', () => {
  const memory = { driver: 'memory', quota: { inodes: 2 } } as const;

  test('are told apart by aname, and one may have two names', () =>
    on(
      { driver: 'exports', exports: { one: memory, uno: memory, host: { path: scratch } }, byDefault: 'uno' },
      async (tree, _opened, client) => {
        await tree.mkdir('d');
        const one = await Tree.attach(client, { aname: 'one', firstFid: 1000 });
        await expect(one.mkdir('e')).rejects.toBe(errno('ENOSPC'));
        const host = await Tree.attach(client, { aname: 'host', firstFid: 2000 });
        await host.getattr('d');
        await expect(Tree.attach(client, { aname: 'two', firstFid: 3000 })).rejects.toBe(errno('ENOENT'));
      },
    ));

  test('are counted together', () =>
    on(
      { driver: 'exports', exports: { a: memory, b: { driver: 'synth' } }, counters: true },
      async (_tree, { counters }, client) => {
        const b = await Tree.attach(client, { aname: 'b', firstFid: 1000 });
        expect(textOf(await b.readFile('.tsvmm/counters'))).toContain('Tattach 2 ');
        expect(counters?.read().Tattach?.count).toBe(2);
      },
    ));
});

describe('refused, in one line', () => {
  test.each<[ExportConfig, string]>([
    [{ path: join(scratch, 'absent') }, 'no such directory'],
    [
      { driver: 'nfs' } as unknown as ExportConfig,
      "unknown driver 'nfs'; the drivers are local, synth, memory, proxy, backend",
    ],
    [{ driver: 'exports', exports: { a: { driver: 'exports' } as never } }, "unknown driver 'exports'"],
    [{ driver: 'exports', exports: {} }, 'there are no exports; name at least one'],
    [{ driver: 'exports', exports: { a: { driver: 'memory' } }, byDefault: 'b' }, "no export is called 'b'"],
    [{ driver: 'memory', quota: { bytes: -1 } }, 'capacity of a memory tree is -1'],
    [{ path: scratch, quota: { bytes: 0.5 } }, 'quota.bytes is 0.5'],
    [{ path: scratch, uidMap: [] }, '0 ranges'],
    [{ path: scratch, throttling: { bps: { read: { rate: -1 } } } }, 'bps-read is -1'],
    [{ driver: 'exports', exports: { a: { driver: 'memory' }, b: { path: '/absent' } } }, 'no such directory'],
  ])('%j', async (config, line) => {
    const refused = await openExport(config).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect(String(refused)).toContain(line);
    expect(String(refused)).not.toContain('\n');
  });
});
