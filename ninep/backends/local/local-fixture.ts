/** What the tests of this folder share: a real directory, exported, and its root node. Not part of the product. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT, FileHandle, loadHostfs, O } from 'node-hostfs';
import type { Backend, Credential, MaybeAsync, Node, OpenFile, Request } from '../../backend.ts';
import { Errno } from '../../errno.ts';
import { openLocal } from './local.ts';
import type { LocalOptions } from './settings.ts';

export const isRoot = process.geteuid?.() === 0;

/** Text as bytes. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Bytes as text. */
export function text(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

/** A request that is never flushed. */
export const REQUEST: Request = { onFlush() {} };

/** Someone who attaches; without a number, the server itself. */
export function user(uid?: number): Credential {
  return { uname: bytes('user'), uid, aname: bytes('') };
}

/** The answer of an operation that must answer at once. */
export function now<T>(value: MaybeAsync<T>): T {
  if (value instanceof Object && 'then' in value) throw new Error('this should not have taken the pool');
  return value;
}

/** The name of the errno an operation fails with, now or later; 'success' if it does not. */
export async function errorOf(operation: () => unknown): Promise<string> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof Errno) return error.name;
    throw error;
  }
  return 'success';
}

/** Walks a path of names from a node. */
export function walk(from: Node, ...names: string[]): Node {
  const { node } = now(from.walk(names.map(bytes)));
  if (node === undefined) throw new Error(`no such file: ${names.join('/')}`);
  return node;
}

/** Opens, uses and releases. */
export async function withOpen<T>(node: Node, flags: number, use: (file: OpenFile) => MaybeAsync<T>): Promise<T> {
  const file = await node.open(flags);
  try {
    return await use(file);
  } finally {
    await file.release();
  }
}

/** The first bytes of a file, as text. */
export async function readText(file: OpenFile, offset = 0n): Promise<string> {
  const into = new Uint8Array(1000);
  return text(into.subarray(0, await file.read(offset, [into], REQUEST)));
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Whether this process may open by handle where the tests play. It takes CAP_DAC_READ_SEARCH, and no overlayfs. */
export function handlesWork(): boolean {
  const hostfs = loadHostfs();
  const fd = hostfs.openat(AT.FDCWD, bytes(tmpdir()), O.RDONLY | O.DIRECTORY, 0);
  const handle = new FileHandle();
  const made = hostfs.nameToHandleAt(fd, bytes(''), handle.bytes, AT.EMPTY_PATH);
  const opened = made < 0 ? made : hostfs.openByHandleAt(fd, handle.handle, O.PATH);
  for (const one of [fd, opened]) if (one >= 0) hostfs.close(one);
  return opened >= 0;
}

/** A directory of the host, exported. */
export class Fixture {
  /** A directory to play in; the export is `share` below it. */
  readonly around: string;
  readonly path: string;
  readonly backend: Backend;
  readonly root: Node;
  private readonly nodes: Node[] = [];
  private readonly before: number;

  constructor(options: Partial<LocalOptions> = {}, credential = user()) {
    loadHostfs();
    this.before = openDescriptors();
    this.around = realpathSync(mkdtempSync(join(tmpdir(), 'local-')));
    this.path = mkdtempSync(join(this.around, 'share-'));
    this.backend = openLocal({ path: this.path, securityModel: 'none', ...options });
    this.root = now(this.backend.attach(credential));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** A node that `close` releases. */
  node(...names: string[]): Node {
    return this.keep(walk(this.root, ...names));
  }

  keep(node: Node): Node {
    this.nodes.push(node);
    return node;
  }

  /** Releases everything and deletes the directory. @returns how many descriptors were left open. */
  async close(): Promise<number> {
    for (const node of this.nodes.splice(0)) await node.release();
    await this.root.release();
    await this.backend.close();
    rmSync(this.around, { recursive: true, force: true });
    return openDescriptors() - this.before;
  }
}
