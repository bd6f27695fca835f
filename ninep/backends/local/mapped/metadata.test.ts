import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import type { Node } from '../../../backend.ts';
import { bytes, errorOf, Fixture, now, REQUEST, text, user, withOpen } from '../local-fixture.ts';
import { isMetadataName } from './metadata-names.ts';
import { formatBoth, formatMetadata, parseMetadata } from './metadata-text.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture({ securityModel: 'mapped-file' }, user(1000));
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});

const metadata = (...names: string[]) =>
  join(fixture.path, ...names.slice(0, -1), '.virtfs_metadata', names.at(-1) ?? '');
const uidOf = (node: Node) => now(node.getattr(0n)).uid;

async function create(name: string): Promise<Node> {
  const { node, file } = await fixture.root.create(bytes(name), O.RDWR, 0o640, 100);
  await file.write(0n, [bytes('text')], REQUEST);
  await file.release();
  return fixture.keep(node);
}

describe('the layout is QEMU’s', () => {
  test('files and modes, for each name, and for the root', async () => {
    await create('file');
    now(fixture.root.mknod(bytes('null'), 0o020666, 1, 3, 5));
    now(fixture.root.mkdir(bytes('dir'), 0o755, 5));
    now(fixture.node('dir').symlink(bytes('link'), bytes('target'), 6));
    await fixture.root.setattr({ uid: 9 });
    expect(readFileSync(metadata('file'), 'latin1')).toBe('virtfs.uid=1000\nvirtfs.gid=100\nvirtfs.mode=33184\n');
    expect(readFileSync(metadata('null'), 'latin1')).toBe(
      'virtfs.uid=1000\nvirtfs.gid=5\nvirtfs.mode=8630\nvirtfs.rdev=259\n',
    );
    expect(readFileSync(metadata('dir', 'link'), 'latin1')).toBe('virtfs.uid=1000\nvirtfs.gid=6\nvirtfs.mode=41471\n');
    expect(readFileSync(fixture.at('.virtfs_metadata_root'), 'latin1')).toBe('virtfs.uid=9\n');
    expect(readdirSync(fixture.at('.virtfs_metadata')).sort()).toEqual(['dir', 'file', 'null']);
    const modes = ['.virtfs_metadata', '.virtfs_metadata/file', '.virtfs_metadata_root'].map(
      (name) => statSync(fixture.at(name)).mode,
    );
    expect(modes).toEqual([0o040700, 0o100600, 0o100600]);
  });

  test('names take their files along, and with the last name goes the file', async () => {
    const node = await create('one');
    await fixture.root.link(bytes('two'), node);
    expect(statSync(metadata('one')).ino).toBe(statSync(metadata('two')).ino);
    await fixture.root.rename(bytes('one'), fixture.root, bytes('three'));
    await fixture.root.unlink(bytes('two'), false);
    expect(readdirSync(fixture.at('.virtfs_metadata'))).toEqual(['three']);
    await fixture.node('three').removeSelf();
    expect(readdirSync(fixture.at('.virtfs_metadata'))).toEqual([]);
  });

  test('a directory is removed with what is left over in it, and replaced', async () => {
    for (const name of ['dir', 'other', 'full']) now(fixture.root.mkdir(bytes(name), 0o755, 0));
    for (const name of ['dir', 'full']) {
      mkdirSync(fixture.at(`${name}/.virtfs_metadata`));
      writeFileSync(metadata(name, 'orphan'), 'virtfs.uid=1\n');
    }
    writeFileSync(fixture.at('full/file'), '');
    await fixture.root.rename(bytes('other'), fixture.root, bytes('dir'));
    expect(existsSync(metadata('dir', 'orphan'))).toBe(false);
    await fixture.root.unlink(bytes('dir'), true);
    expect(await errorOf(() => fixture.root.unlink(bytes('full'), true))).toBe('ENOTEMPTY');
    expect(existsSync(metadata('full', 'orphan'))).toBe(true);
  });
});

test.each([
  ['virtfs.uid=1\nvirtfs.gid=2\nvirtfs.mode=33188\nvirtfs.rdev=259\n', { uid: 1, gid: 2, mode: 33188, rdev: 259n }],
  ['virtfs.uid=-2\nvirtfs.gid=-1\n\n\n', { uid: 4_294_967_294, gid: 4_294_967_295 }],
  ['virtfs.gid=2', { gid: 2 }],
  ['virtfs.other=3\nnonsense\nvirtfs.uid=\nvirtfs.uid=x\nvirtfs.mode=1e3\nvirtfs.gid=7\r\n', { gid: 7 }],
  ['', {}],
  ['\0\xff'.repeat(2000), {}],
])('metadata %j is understood as far as it is some', (written, stored) => {
  expect(parseMetadata(written, 5n)).toEqual(stored);
});

test('an entry for two files says of each what is its own, and of another what the second says', () => {
  const entry = formatBoth([
    [5n, { uid: 1, mode: 0o100644 }],
    [6n, { gid: 2 }],
  ]);
  expect(parseMetadata(entry, 5n)).toEqual({ uid: 1, mode: 0o100644 });
  expect([parseMetadata(entry, 6n), parseMetadata(entry, 7n)]).toEqual([{ gid: 2 }, { gid: 2 }]);
  expect(formatMetadata({ uid: 0, rdev: 0n })).toBe('virtfs.uid=0\nvirtfs.rdev=0\n');
});

describe('CVE-2017-7493: a client never gets at the metadata', () => {
  const names = [
    '.virtfs_metadata',
    '.virtfs_metadata_root',
    '.VirtFS_Metadata',
    '.virtf\u017f_metadata',
    '.virtfs\u200b_metadata',
  ];

  test.each(names)('%s by any operation that takes a name', async (name) => {
    const file = await create('file');
    now(fixture.root.mkdir(bytes('dir'), 0o755, 0));
    const [hidden, { root }, dir] = [bytes(name), fixture, fixture.node('dir')];
    const attempts: (() => unknown)[] = [
      () => root.walk([hidden]),
      () => dir.walk([hidden]),
      () => root.create(hidden, O.RDWR, 0o600, 0),
      () => root.create(hidden, O.RDONLY, 0o600, 0),
      () => root.mkdir(hidden, 0o700, 0),
      () => root.mknod(hidden, 0o100600, 0, 0, 0),
      () => root.symlink(hidden, bytes('x'), 0),
      () => root.link(hidden, file),
      () => root.rename(hidden, root, bytes('x')),
      () => root.rename(bytes('file'), root, hidden),
      () => root.rename(bytes('file'), dir, hidden),
      () => root.unlink(hidden, false),
      () => root.unlink(hidden, true),
      () => file.renameSelf(root, hidden),
    ];
    for (const attempt of attempts) expect(await errorOf(attempt)).toBe('EINVAL');
    const walked = now(root.walk([bytes('dir'), hidden]));
    expect([walked.qids.length, walked.node]).toEqual([1, undefined]);
  });

  test('it is not listed, wherever a listing is begun', async () => {
    for (let i = 0; i < 30; i++) await create(`file-${i}`);
    await fixture.root.setattr({ uid: 1 });
    const seen: string[] = [];
    await withOpen(fixture.root, O.RDONLY, (directory) => {
      let offset = 0n;
      for (let before = -1; before !== seen.length; ) {
        before = seen.length;
        let room = 3;
        now(
          directory.readdir(offset, (entry) => {
            if (room-- === 0) return false;
            seen.push(text(entry.name));
            offset = entry.offset;
            return true;
          }),
        );
      }
    });
    expect(seen.sort()).toEqual(['.', '..', ...Array.from({ length: 30 }, (_, i) => `file-${i}`)].sort());
  });

  test('other names are anybody’s', () => {
    for (const name of ['.virtfs_metadat', 'virtfs_metadata', '.virtfs_metadata_', '.virtfs_metadata_root2', '1-1']) {
      expect(isMetadataName(bytes(name))).toBe(false);
    }
  });
});

describe('what stands where metadata should be is not followed', () => {
  test('a symbolic link for the directory: nothing is read through it, and nothing written', async () => {
    const outside = join(fixture.around, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'file'), 'virtfs.uid=77\n');
    symlinkSync(outside, fixture.at('.virtfs_metadata'));
    writeFileSync(fixture.at('file'), '');
    const node = fixture.node('file');
    expect(uidOf(node)).toBe(process.geteuid?.());
    expect(await errorOf(() => node.setattr({ uid: 5 }))).toBe('ENOTDIR');
    expect(await errorOf(() => fixture.root.mkdir(bytes('new'), 0o700, 0))).toBe('ENOTDIR');
    await fixture.root.unlink(bytes('file'), false);
    expect(readdirSync(outside)).toEqual(['file']);
    expect(readFileSync(join(outside, 'file'), 'latin1')).toBe('virtfs.uid=77\n');
  });

  test('a symbolic link for a file: it is replaced, not written through', async () => {
    const outside = join(fixture.around, 'outside');
    writeFileSync(outside, 'virtfs.uid=77\n');
    const node = await create('file');
    execFileSync('ln', ['-sf', outside, metadata('file')]);
    expect(uidOf(node)).toBe(process.geteuid?.());
    await node.setattr({ uid: 5 });
    expect(uidOf(node)).toBe(5);
    expect(readFileSync(outside, 'latin1')).toBe('virtfs.uid=77\n');
  });

  test('a FIFO, which is not opened', async () => {
    const node = await create('file');
    execFileSync('sh', ['-c', 'rm "$0" && mkfifo "$0"', metadata('file')]);
    expect(uidOf(node)).toBe(process.geteuid?.());
    await node.setattr({ uid: 5 });
    expect(uidOf(node)).toBe(5);
  });

  test('a link from elsewhere: its file changes with the other, within its sector', async () => {
    const node = await create('file');
    linkSync(metadata('file'), fixture.at('copy'));
    await node.setattr({ uid: 5 });
    expect(statSync(fixture.at('copy')).size).toBe(512);
    expect(parseMetadata(readFileSync(fixture.at('copy'), 'latin1'), 0n)).toMatchObject({ uid: 5 });
  });
});
