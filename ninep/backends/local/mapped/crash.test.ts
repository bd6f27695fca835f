import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { E, type Hostfs, loadHostfs, O } from 'node-hostfs';
import type { Backend, Node } from '../../../backend.ts';
import { openLocal } from '../local.ts';
import { bytes, now, REQUEST, text, user, walk } from '../local-fixture.ts';

/** Calls that change the disk. `openat2` does only where it makes a file. */
const CHANGING = ['openat2', 'mkdirat', 'mknodat', 'linkFd', 'unlinkat', 'renameat2', 'pwritev2', 'fchmod'] as const;

const hostfs = loadHostfs() as { -readonly [K in keyof Hostfs]: Hostfs[K] };
const whole = { ...hostfs };
afterEach(() => {
  Object.assign(hostfs, whole);
});

/**
 * From its `calls`-th change on the disk stays as it is, as if the power had gone. Says afterwards whether it came to that.
 */
function crashAt(calls: number): () => boolean {
  let done = 0;
  for (const name of CHANGING) {
    const real = whole[name] as (...args: unknown[]) => number;
    const dead = (...args: unknown[]) => {
      const changes = name !== 'openat2' || (Number(args[2]) & O.CREAT) !== 0;
      return changes && ++done > calls ? -E.IO : real(...args);
    };
    Object.assign(hostfs, { [name]: dead });
  }
  return () => done > calls;
}

async function withShare<T>(path: string, use: (root: Node) => Promise<T> | T): Promise<T> {
  const backend: Backend = openLocal({ path, securityModel: 'mapped-file' });
  const root = now(backend.attach(user(1000)));
  try {
    return await use(root);
  } finally {
    await root.release();
    await backend.close();
  }
}

async function make(root: Node, name: string, uid: number, mode: number): Promise<void> {
  const { node, file } = await root.create(bytes(name), O.RDWR, mode, 0);
  await file.write(0n, [bytes(name)], REQUEST);
  await file.release();
  await node.setattr({ uid });
  await node.release();
}

/** What each name means: the file's content, which says what it was called, and its attributes. */
async function tell(path: string): Promise<Record<string, string>> {
  return withShare(path, async (root) => {
    const told: Record<string, string> = {};
    for (const name of ['a', 'b', 'c', 'dir', 'link']) {
      const { node } = await Promise.resolve()
        .then(() => root.walk([bytes(name)]))
        .catch(() => ({ node: undefined }));
      if (node === undefined) continue;
      const { mode, uid } = now(node.getattr(0n));
      const content = (mode & 0o170000) === 0o100000 ? readFileSync(join(path, name), 'latin1') : '';
      told[name] = `${content} ${uid} ${mode.toString(8)}`;
      await node.release();
    }
    return told;
  });
}

const A = 'a 1 100600';
const B = 'b 2 104755';

/** Each operation, and all that may be found after it was cut short anywhere. */
const OPERATIONS: readonly [name: string, act: (root: Node) => unknown, found: readonly Record<string, string>[]][] = [
  [
    'chmod',
    (root) => change(root, 'a', { mode: 0o640 }),
    [
      { a: A, b: B },
      { a: 'a 1 100640', b: B },
    ],
  ],
  [
    'chown',
    (root) => change(root, 'b', { uid: 7 }),
    [
      { a: A, b: B },
      { a: A, b: 'b 7 100755' },
    ],
  ],
  ['a rename over another file', (root) => root.rename(bytes('a'), root, bytes('b')), [{ a: A, b: B }, { b: A }]],
  [
    'a rename to a free name',
    (root) => root.rename(bytes('b'), root, bytes('c')),
    [
      { a: A, b: B },
      { a: A, c: B },
    ],
  ],
  ['unlink', (root) => root.unlink(bytes('a'), false), [{ a: A, b: B }, { b: B }]],
  [
    'link',
    (root) => linkTo(root, 'c', 'b'),
    [
      { a: A, b: B },
      { a: A, b: B, c: B },
    ],
  ],
  [
    'chmod of a file with two names',
    async (root) => {
      await linkTo(root, 'c', 'b');
      await change(root, 'c', { mode: 0o711 });
    },
    [
      { a: A, b: B },
      { a: A, b: B, c: B },
      { a: A, b: 'b 2 100711', c: 'b 2 100711' },
    ],
  ],
  [
    'create',
    (root) => make(root, 'c', 1000, 0o640),
    [
      { a: A, b: B },
      { a: A, b: B, c: ' 1000 100640' },
      { a: A, b: B, c: 'c 1000 100640' },
    ],
  ],
  [
    'mkdir',
    (root) => root.mkdir(bytes('dir'), 0o750, 0),
    [
      { a: A, b: B },
      { a: A, b: B, dir: ' 1000 40750' },
    ],
  ],
];

async function change(root: Node, name: string, how: { mode?: number; uid?: number }): Promise<void> {
  const node = walk(root, name);
  try {
    await node.setattr(how);
  } finally {
    await node.release();
  }
}

async function linkTo(root: Node, name: string, target: string): Promise<void> {
  const node = walk(root, target);
  try {
    await root.link(bytes(name), node);
  } finally {
    await node.release();
  }
}

test.each(OPERATIONS)('%s, cut short anywhere, leaves the old or the new', async (_name, act, found) => {
  const work = mkdtempSync(join(tmpdir(), 'mapped-crash-'));
  try {
    const before = join(work, 'before');
    mkdirSync(before);
    await withShare(before, async (root) => {
      await make(root, 'a', 1, 0o600);
      await make(root, 'b', 2, 0o755);
      await change(root, 'b', { mode: 0o4755 });
    });
    const states = new Set<string>();
    let crashed = true;
    for (let calls = 0; crashed; calls++) {
      const path = join(work, String(calls));
      cpSync(before, path, { recursive: true });
      crashed = await withShare(path, async (root) => {
        const hasCrashed = crashAt(calls);
        await Promise.resolve()
          .then(() => act(root))
          .catch(() => undefined);
        return hasCrashed();
      });
      Object.assign(hostfs, whole);
      const told = await tell(path);
      expect(found).toContainEqual(told);
      states.add(JSON.stringify(told));
      expect(calls).toBeLessThan(60);
    }
    // It did come to the end, and was cut short before that.
    expect(states.size).toBe(found.length);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

test('the file beside is never seen half written', async () => {
  const path = mkdtempSync(join(tmpdir(), 'mapped-crash-'));
  try {
    await withShare(path, async (root) => {
      await make(root, 'a', 1, 0o600);
      const seen = new Set<string>();
      const write = whole.pwritev2;
      hostfs.pwritev2 = (...args) => {
        const result = write(...args);
        seen.add(readFileSync(join(path, '.virtfs_metadata/a'), 'latin1'));
        return result;
      };
      for (const uid of [5, 600, 7]) await change(root, 'a', { uid });
      expect([...seen].map((text) => /uid=(\d+)\n/.exec(text)?.[1])).toEqual(['1', '5', '600']);
    });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});

test('what a crash left over is in nobody’s way', async () => {
  const path = mkdtempSync(join(tmpdir(), 'mapped-crash-'));
  try {
    mkdirSync(join(path, '.virtfs_metadata/.virtfs_metadata'), { recursive: true });
    writeFileSync(join(path, '.virtfs_metadata/.virtfs_metadata/1-1'), 'virtfs.uid=9\n');
    writeFileSync(join(path, '.virtfs_metadata/a'), 'virtfs.uid=9\nvirtfs.mode=35309\n');
    await withShare(path, async (root) => {
      await make(root, 'a', 1, 0o600);
      expect(await tell(path)).toEqual({ a: A });
      expect(text(bytes(readFileSync(join(path, '.virtfs_metadata/a'), 'latin1')))).toBe(
        'virtfs.uid=1\nvirtfs.gid=0\nvirtfs.mode=33152\n',
      );
    });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
