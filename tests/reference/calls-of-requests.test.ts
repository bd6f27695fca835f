import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { CALLS_OF_REQUESTS } from '../../ninep/backends/local/calls-of-requests.ts';
import { PlainTree } from '../../ninep/client/plain-tree.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { DM } from '../../ninep/plan9.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toldShare } from '../inspector/told-share.ts';

/** The machine may have much else to do. */
const TIMEOUT_MS = 300_000;
const path = mkdtempSync(join(tmpdir(), 'tsvmm-calls-'));
mkdirSync(join(path, 'directory'));
writeFileSync(join(path, 'file'), 'some content');
symlinkSync('file', join(path, 'link'));
/** Calls that leave something changed. */
const CHANGES = [
  'mkdirat(2)',
  'mknodat(2)',
  'symlinkat(2)',
  'linkat(2)',
  'unlinkat(2)',
  'renameat2(2)',
  'ftruncate(2)',
  'pwritev2(2)',
  'fsetxattr(2)',
];
afterAll(() => rmSync(path, { recursive: true }));

/** The names of the system calls that were made for each kind of request. */
function callsIn(events: readonly TraceEvent[]): Map<string, Set<string>> {
  const names = new Map(
    events.flatMap(({ id, kind, fields }) => (kind === 'request' ? [[id, fields.name] as const] : [])),
  );
  const calls = new Map<string, Set<string>>();
  for (const event of events) {
    if (event.kind !== 'host-call') continue;
    const request = names.get(event.fields.request ?? 0);
    if (request === undefined) continue;
    calls.set(request, (calls.get(request) ?? new Set()).add(event.fields.name));
  }
  return calls;
}

/** Calls of ours that manual pages have under another name. */
const PAGES: Readonly<Record<string, string>> = {
  open_fd: 'open(2)',
  linkat_fd: 'linkat(2)',
  fcntl_ofd_setlk: 'fcntl(2)',
  fcntl_ofd_getlk: 'fcntl(2)',
  futimens: 'futimens(3)',
};

/** Somebody to whom nothing belongs that the server makes, until it is given to them. */
const OTHER = { uid: 12_345, firstFid: 1000 };
const SETUID = 0o4640;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Every request there is, in 9P2000.L, each in its usual ways. */
async function sayAll({ client }: Awaited<ReturnType<typeof toldShare>>) {
  await client.version();
  const tree = await Tree.attach(client);
  await tree.read(await tree.open('file'), 0n, 100);
  const made = await tree.create('made');
  await tree.write(made, 0n, new Uint8Array(10));
  for (const datasync of [0, 1]) await client.call('Tfsync', { fid: made, datasync });
  const lock = { fid: made, type: 1, start: 0n, length: 0n, proc_id: 1, client_id: utf8('a') };
  await client.call('Tlock', { ...lock, flags: 0 });
  await client.call('Tgetlock', lock);
  await tree.clunk(made);
  await tree.getattr('made');
  const { uid, gid } = await tree.getattr('');
  await tree.setattr('made', { mode: 0o600, size: 4n, uid, gid, mtime: [5n, 0n] });
  const directory = await tree.open('directory', 0o200000);
  const [first] = await tree.readdir(directory, 0n, 40);
  await tree.readdir(directory, first?.offset ?? 0n, 100);
  await tree.readdir(directory, 0n, 100);
  const other = await Tree.attach(client, OTHER);
  const makes = [
    () => other.create('given', { mode: SETUID }),
    () => other.mkdir('directory/new', 0o1750),
    () => other.mknod('pipe', 0o010000 | SETUID),
    () => other.symlink('sym', 'file'),
  ];
  // They are asked of the host whoever runs this.
  for (const make of makes) await make().catch(() => undefined);
  await tree.unlink('sym').catch(() => undefined);
  await tree.symlink('sym', 'file');
  await tree.readlink('sym');
  await tree.link('hard', 'file');
  await tree.rename('hard', 'harder');
  await tree.unlink('harder');
  await tree.statfs('');
  await tree.setxattr('made', 'user.a', new Uint8Array(3));
  await tree.getxattr('made', 'user.a');
  await tree.getxattr('made', '');
  await tree.removexattr('made', 'user.a');
  await client.call('Trename', { fid: await tree.walk('made'), dfid: tree.root, name: utf8('moved') });
  await client.call('Tremove', { fid: await tree.walk('moved') });
}

/** The same of those that only 9P2000.u has. */
async function sayPlain({ client }: Awaited<ReturnType<typeof toldShare>>) {
  await client.version('9P2000.u');
  const tree = await Tree.attach(client);
  const plain = new PlainTree(tree);
  await plain.writeFile('plain', 'x');
  await plain.readFile('plain');
  const other = new PlainTree(await Tree.attach(client, OTHER));
  await other.make('granted', DM.DMSETUID | 0o640).catch(() => undefined);
  await plain.make('folder', DM.DMDIR | 0o755);
  await plain.make('slink', DM.DMSYMLINK | 0o777, 'plain');
  await plain.make('fifo', DM.DMNAMEDPIPE | 0o600);
  await plain.make('other', DM.DMLINK, String(await tree.walk('plain')));
  await plain.list('');
  await plain.stat('slink');
  await plain.rename('plain', 'plainer');
  await plain.wstat('plainer', { mode: 0o640, mtime: 5, length: 0n });
  // It is asked of the host whoever runs this.
  await plain.wstat('plainer', { n_uid: 12_345 }).catch(() => undefined);
  await plain.wstat('plainer', {});
  await plain.remove('plainer');
}

test(
  'each request makes the calls that the table says',
  async () => {
    const share = await toldShare(path);
    await sayAll(share);
    await sayPlain(share);
    await share.close();
    const seen = callsIn(share.events);
    const pages = (request: string) => [...(seen.get(request) ?? [])].map((name) => PAGES[name] ?? `${name}(2)`);
    for (const [request, declared] of Object.entries(CALLS_OF_REQUESTS)) {
      expect([request, declared.filter((page) => !pages(request).includes(page))]).toEqual([request, []]);
      // What does something else than look and give back is declared.
      const more = pages(request).filter((page) => CHANGES.includes(page) && !declared.includes(page));
      expect([request, more]).toEqual([request, []]);
    }
  },
  TIMEOUT_MS,
);

test(
  'an error of a call is that of the reply',
  async () => {
    const share = await toldShare(path);
    const { client } = share;
    await client.version();
    const tree = await Tree.attach(client);
    await tree.mkdir('full');
    await tree.mkdir('full/of');
    const failing = [
      () => tree.mkdir('directory'),
      () => tree.unlink('absent'),
      () => tree.rmdir('full'),
      () => tree.rename('full', 'full/of/itself'),
      () => tree.getxattr('file', 'user.absent'),
    ];
    for (const fail of failing) await expect(fail()).rejects.toBeDefined();
    await share.close();
    const replies = share.events.flatMap(({ kind, fields }) =>
      kind === 'reply' && fields.error !== undefined ? [fields] : [],
    );
    expect(replies.map(({ error }) => error)).toEqual(['EEXIST', 'ENOENT', 'ENOTEMPTY', 'EINVAL', 'ENODATA']);
    for (const { error, calls } of replies) {
      const failed = share.events.filter(
        ({ id, kind, fields }) => calls?.includes(id) && kind === 'host-call' && fields.error,
      );
      expect(failed.map(({ fields }) => (fields as { error?: string }).error)).toContain(error);
    }
  },
  TIMEOUT_MS,
);
