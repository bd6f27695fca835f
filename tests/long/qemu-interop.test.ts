import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { Client } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { Errno } from '../../ninep/errno.ts';
import { createSession } from '../../ninep/session.ts';
import { scratchDirectory } from '../support/guest.ts';
import { runInQemu, withoutQemu } from '../support/qemu.ts';

const QEMU_MS = 240_000;
const MODELS = ['mapped-xattr', 'mapped-file'] as const;
type Model = (typeof MODELS)[number];

/** user::rw-, user 1000:r--, group::r--, mask::r--, other::---, as Linux stores it. */
const ACL = '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000000ffffffff';
const ACCESS = 'system.posix_acl_access';

/** A tree with one of everything, as busybox's stat tells it: mode, owner, group, device, links. */
const EXPECTED: readonly (readonly [path: string, attributes: string, content?: string])[] = [
  ['dir', '45e8 11 12 0 0'],
  ['dir/moved', '81a0 4000000000 3 0 0 1', 'inner'],
  ['dir/over', '8180 21 22 0 0 1', 'winner'],
  ['file', '89ed 1000 2000 0 0 2', 'content'],
  ['hard', '89ed 1000 2000 0 0 2', 'content'],
  ['link', 'a1ff 5 6 0 0 1', '../somewhere/else'],
  ['fifo', '11a0 0 7 0 0 1'],
  ['null', '21b6 0 0 1 3 1'],
  ['disk', '61b0 0 6 103 1170 1'],
];

/** What makes that tree in a guest, in the directory the shell is in. */
const MAKE = `
mkdir dir; chown 11:12 dir; chmod 2750 dir
echo inner > dir/inner; chown 4000000000:3 dir/inner; chmod 640 dir/inner; mv dir/inner dir/moved
echo loser > dir/over; chown 1:1 dir/over; chmod 4755 dir/over
echo winner > dir/winner; chown 21:22 dir/winner; chmod 600 dir/winner; mv dir/winner dir/over
echo content > file; ln file hard; chown 1000:2000 hard; chmod 4755 hard
ln -s ../somewhere/else link; chown -h 5:6 link
mkfifo fifo; chgrp 7 fifo; chmod 640 fifo
mknod null c 1 3; chmod 666 null
mknod disk b 259 4464; chgrp 6 disk; chmod 660 disk
mkdir gone; echo x > gone/x; rm gone/x; rmdir gone
xattr dir/moved ${ACCESS} ${ACL}
`;

/** What tells of it: a line for each path, and one for the ACL. */
const TELL = `
for path in ${EXPECTED.map(([path]) => path).join(' ')}; do
  if test -d $path; then stat -c "$1 %n %f %u %g %t %T" $path; else stat -c "$1 %n %f %u %g %t %T %h" $path; fi
  if test -h $path; then echo "$1 $path: $(readlink $path)"; elif test -f $path; then echo "$1 $path: $(cat $path)"; fi
done
echo "$1 acl $(xattr dir/moved ${ACCESS})"
echo "$1 all $(ls -A | sort | tr '\\n' ' ')"
`;

const LINES = [
  ...EXPECTED.flatMap(([path, attributes, content]) => [
    `${path} ${attributes}`,
    ...(content === undefined ? [] : [`${path}: ${content}`]),
  ]),
  `acl ${ACL}`,
  'all dir disk fifo file hard link null ',
];

const describeQemu = withoutQemu === undefined ? describe : describe.skip;

describeQemu(`QEMU's mapped directories${withoutQemu === undefined ? '' : ` [${withoutQemu}]`}`, () => {
  const host = scratchDirectory();
  const directory = (model: Model, writer: 'ours' | 'theirs') => join(host, `${writer}-${model}`);
  let console = '';
  const told = (tag: string) =>
    console
      .split('\n')
      .filter((line) => line.startsWith(`${tag} `))
      .map((line) => line.slice(tag.length + 1));

  beforeAll(async () => {
    for (const model of MODELS) {
      mkdirSync(directory(model, 'theirs'));
      mkdirSync(directory(model, 'ours'));
      await withTree(model, directory(model, 'ours'), makeTree);
    }
    const shares = MODELS.flatMap((securityModel) =>
      (['ours', 'theirs'] as const).map((writer) => {
        return { path: directory(securityModel, writer), tag: `${writer}-${securityModel}`, securityModel };
      }),
    );
    const mounts = shares.map(({ tag }) => `mkdir /mnt/${tag}; mount -t 9p -o ${OPTIONS} ${tag} /mnt/${tag}\n`);
    const steps = MODELS.map(
      (model) => `
cd /mnt/theirs-${model}; make; tell theirs-${model}
cd /mnt/ours-${model}; tell ours-${model}; chown 31:32 hard; rm -r dir; echo "ours-${model} after $(ls | wc -l)"
`,
    );
    const script = [
      '#!/bin/sh\nexport PATH=/bin; /bin/busybox --install -s /bin; mount -t proc none /proc\n',
      ...mounts,
      `make() {${MAKE}}\ntell() {${TELL}}\n`,
      ...steps,
      'cd /; umount -a -t 9p; poweroff -f\n',
    ].join('');
    console = await runInQemu(script, shares, host, QEMU_MS);
  }, QEMU_MS + 10_000);

  test.each(MODELS)('what QEMU wrote with %s is what is read here', async (model) => {
    expect(told(`theirs-${model}`)).toEqual(LINES);
    expect(await withTree(model, directory(model, 'theirs'), tellTree)).toEqual(LINES);
  });

  test.each(MODELS)('what is written here with %s is what QEMU reads', (model) => {
    expect(told(`ours-${model}`).slice(0, LINES.length)).toEqual(expectedOfOurs(model));
  });

  test.each(MODELS)('what QEMU changed in a directory of ours with %s is changed for both', async (model) => {
    expect(told(`ours-${model}`).at(-1)).toBe('after 6');
    await withTree(model, directory(model, 'ours'), async (tree) => {
      for (const name of ['file', 'hard']) expect(await tree.getattr(name)).toMatchObject({ uid: 31, gid: 32 });
      expect(await tree.list('')).toHaveLength(8);
    });
  });
});

const OPTIONS = 'trans=virtio,version=9p2000.L,msize=262144,posixacl';

/** QEMU looks for the ACLs of mapped-file among the host's own, where ours are not, so that nobody gets rights there. */
function expectedOfOurs(model: Model): string[] {
  return model === 'mapped-xattr' ? LINES : LINES.map((line) => (line.startsWith('acl ') ? 'acl ' : line));
}

async function withTree<T>(model: Model, path: string, use: (tree: Tree) => Promise<T>): Promise<T> {
  const backend = openLocal({ path, securityModel: model });
  const session = createSession(backend);
  try {
    const client = new Client(session);
    await client.version();
    return await use(await Tree.attach(client));
  } finally {
    await session.reset();
    await backend.close();
  }
}

/** The same tree, made through our own server. */
async function makeTree(tree: Tree): Promise<void> {
  const make = async (path: string, content: string, uid: number, gid: number, mode: number) => {
    await tree.writeFile(path, content);
    await tree.setattr(path, { uid, gid });
    await tree.setattr(path, { mode: 0o100000 | mode });
  };
  await tree.mkdir('dir');
  await tree.setattr('dir', { uid: 11, gid: 12, mode: 0o042750 });
  await make('dir/inner', 'inner\n', 4_000_000_000, 3, 0o640);
  await tree.rename('dir/inner', 'dir/moved');
  await make('dir/over', 'loser\n', 1, 1, 0o4755);
  await make('dir/winner', 'winner\n', 21, 22, 0o600);
  await tree.rename('dir/winner', 'dir/over');
  await tree.writeFile('file', 'content\n');
  await tree.link('hard', 'file');
  await tree.setattr('hard', { uid: 1000, gid: 2000 });
  await tree.setattr('hard', { mode: 0o104755 });
  await tree.symlink('link', '../somewhere/else');
  await tree.setattr('link', { uid: 5, gid: 6 });
  await tree.mknod('fifo', 0o010640);
  await tree.setattr('fifo', { gid: 7 });
  await tree.mknod('null', 0o020666, 1, 3);
  await tree.mknod('disk', 0o060660, 259, 4464);
  await tree.setattr('disk', { gid: 6 });
  await tree.mkdir('gone');
  await tree.writeFile('gone/x', 'x');
  await tree.unlink('gone/x');
  await tree.rmdir('gone');
  await tree.setxattr('dir/moved', ACCESS, Buffer.from(ACL, 'hex'));
}

/** The lines busybox would write of it. */
async function tellTree(tree: Tree): Promise<string[]> {
  const lines: string[] = [];
  for (const [path] of EXPECTED) {
    const { mode, uid, gid, rdev, nlink, qid } = await tree.getattr(path);
    const format = mode & 0o170000;
    expect(qid.type).toBe(format === 0o040000 ? 0x80 : format === 0o120000 ? 0x02 : 0);
    const [major, minor] = [(rdev >> 8n) & 0xfffn, (rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n)];
    const words = [mode.toString(16), uid, gid, major.toString(16), minor.toString(16)];
    lines.push(`${path} ${[...words, ...(format === 0o040000 ? [] : [nlink])].join(' ')}`);
    if (format === 0o100000) lines.push(`${path}: ${textOf(await tree.readFile(path)).trimEnd()}`);
    if (format === 0o120000) lines.push(`${path}: ${textOf(await tree.readlink(path))}`);
  }
  const acl = await tree.getxattr('dir/moved', ACCESS).catch((error: unknown) => {
    if (error instanceof Errno) return Buffer.from('');
    throw error;
  });
  lines.push(`acl ${Buffer.from(acl).toString('hex')}`);
  const names = (await tree.list('')).map(({ name }) => textOf(name)).filter((name) => !/^\.\.?$/.test(name));
  lines.push(`all ${names.sort().join(' ')} `);
  return lines;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
