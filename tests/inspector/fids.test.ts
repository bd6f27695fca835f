import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { SessionModel } from '../../inspector/model/fids.ts';
import { childrenOf, type NameModel } from '../../inspector/model/name-tree.ts';
import { emptySessions, foldSessions } from '../../inspector/model/sessions.ts';
import { PlainTree } from '../../ninep/client/plain-tree.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toldShare } from './told-share.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tsvmm-fids-'));
  mkdirSync(join(path, 'dir'));
  writeFileSync(join(path, 'dir', 'file'), 'some content');
});
afterEach(() => rmSync(path, { recursive: true }));

function sessionOf(events: readonly TraceEvent[]): SessionModel {
  const model = emptySessions();
  for (const event of events) foldSessions(model, event);
  // Plain data: a copy through JSON is the same.
  const [session] = (JSON.parse(JSON.stringify(model)) as typeof model).fids.sessions;
  if (session === undefined) throw new Error('no session was told of');
  return session;
}

/** The tree as lines: a name, the fids on it and how they were opened. */
function lines(session: SessionModel): string[] {
  const show = (name: NameModel, depth: number): string[] => [
    [
      '  '.repeat(depth) + (name.root === undefined ? name.name : `${name.root} '${name.name}'`),
      ...(name.gone === undefined ? [] : [name.gone]),
      ...name.fids.map((fid) => `fid ${fid}${(session.fids[fid]?.opened ?? '') && ` ${session.fids[fid]?.opened}`}`),
    ].join(' '),
    ...childrenOf(session, name).flatMap((child) => show(child, depth + 1)),
  ];
  return session.roots.flatMap((id) => show(at(session, id), 0));
}

function at(session: SessionModel, id: number): NameModel {
  const name = session.names[id];
  if (name === undefined) throw new Error(`no name ${id}`);
  return name;
}

describe('fids as their events tell them', () => {
  test('9P2000.L: walk, open, create, rename, unlink, clunk', async () => {
    const share = await toldShare(path);
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const file = await tree.walk('dir/file');
    const opened = await tree.open('dir/file');
    await tree.read(opened, 0n, 100);
    const made = await tree.create('dir/made', { flags: 1 });
    await tree.write(made, 0n, utf8('abc'));
    await expect(tree.walk('dir/missing')).rejects.toMatchObject({ name: 'ENOENT' });
    const now = () => sessionOf(share.events);
    expect(now()).toMatchObject({ device: 'host', version: '9P2000.L', msize: 65_536, fidCount: 4, notKept: 0 });
    expect(lines(now())).toEqual([
      "attach '' fid 0",
      '  dir',
      `    file fid ${file} fid ${opened} O_RDONLY`,
      `    made fid ${made} O_WRONLY`,
    ]);
    const held = now().fids[opened];
    expect(held).toMatchObject({ bytesRead: 12 });
    expect(now().fids[made]).toMatchObject({ bytesWritten: 3 });
    const name = at(now(), held?.name ?? 0);
    expect(name.qid?.path).toBe(String(statSync(join(path, 'dir/file')).ino));
    expect(name.calls.at(-1)?.text).toMatch(/^preadv2\(/);

    await tree.rename('dir/made', 'renamed');
    await tree.unlink('dir/file');
    expect(lines(now())).toEqual([
      "attach '' fid 0",
      '  dir',
      `    file removed fid ${file} fid ${opened} O_RDONLY`,
      `  renamed fid ${made} O_WRONLY`,
    ]);
    await tree.clunk(file);
    await tree.clunk(opened);
    await tree.clunk(made);
    expect(lines(now())).toEqual(["attach '' fid 0", '  dir', '  renamed']);
    await tree.rename('renamed', 'dir/file');
    await tree.mkdir('other');
    await tree.link('other/hard', 'dir/file');
    await tree.symlink('other/soft', 'target');
    expect(lines(now())).toEqual(["attach '' fid 0", '  dir', '    file', '  other', '    hard', '    soft']);
    await tree.unlink('other/hard');
    await tree.unlink('other/soft');
    await tree.rmdir('other');
    await share.client.call('Tremove', { fid: await tree.walk('dir/file') });
    expect(lines(now())).toEqual(["attach '' fid 0", '  dir']);
    // A fid that is walked in place, and the way up.
    const moving = await tree.walk('dir');
    await share.client.call('Twalk', { fid: moving, newfid: moving, wname: [utf8('..')] });
    expect(lines(now())).toEqual([`attach '' fid 0 fid ${moving}`, '  dir']);
    await share.client.version();
    expect(lines(now())).toEqual([]);
    await share.close();
  });

  test.each(['9P2000', '9P2000.u'] as const)('%s: create, wstat, remove', async (version) => {
    const share = await toldShare(path);
    await share.client.version(version);
    const tree = await Tree.attach(share.client);
    const plain = new PlainTree(tree);
    const made = await plain.create('dir/made', 0o644, 0x12);
    const opened = await plain.open('dir/file');
    await plain.rename('dir/made', 'renamed');
    await plain.stat('dir/file');
    const now = () => sessionOf(share.events);
    expect(lines(now())).toEqual([
      "attach '' fid 0",
      '  dir',
      `    file fid ${opened} OREAD`,
      `    renamed fid ${made} ORDWR|OTRUNC`,
    ]);
    expect(at(now(), now().fids[opened]?.name ?? 0)).toMatchObject({ size: '12' });
    await plain.remove('dir/renamed');
    expect(lines(now())[3]).toBe(`    renamed removed fid ${made} ORDWR|OTRUNC`);
    await tree.clunk(made);
    await tree.clunk(opened);
    expect(lines(now())).toEqual(["attach '' fid 0", '  dir', '    file']);
    await share.close();
    expect(now()).toMatchObject({ version: '', fidCount: 0 });
  });
});
