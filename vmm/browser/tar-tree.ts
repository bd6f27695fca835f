import { unpackTar } from 'modern-tar';
import type { Memory } from '../../ninep/backends/memory/memory.ts';
import { UsageError } from '../usage-error.ts';

type Entry = Awaited<ReturnType<typeof unpackTar>>[number];

/** How each kind of entry comes into a tree. What is not here, devices and pipes, is left out: a guest mounts its own /dev. */
const MAKE: Readonly<Record<string, (tree: Memory, path: string, entry: Entry) => void>> = {
  directory(tree, path, { header }) {
    if (path !== '') tree.mkdir(path);
    tree.setattr(path, { mode: permissions(header.mode, 0o755) });
  },
  file(tree, path, { header, data }) {
    tree.writeFile(path, data ?? new Uint8Array(0));
    tree.setattr(path, { mode: permissions(header.mode, 0o644) });
  },
  symlink: (tree, path, { header }) => tree.symlink(path, header.linkname ?? ''),
  link: (tree, path, { header }) => tree.link(trimmed(header.linkname ?? ''), path),
};

/**
 * Puts the files of a tar archive, as `tar -C DIRECTORY -c .` makes it, into a tree in memory, with their permissions; owners
 * and times are the tree's.
 *
 * Rejects with UsageError, one line, for bytes that are no such archive and for entries the tree does not take.
 */
export async function fillFromTar(tree: Memory, archive: Uint8Array): Promise<void> {
  let entries: readonly Entry[];
  try {
    entries = await unpackTar(archive, { strict: true });
  } catch (cause) {
    throw new UsageError(`the tar archive cannot be read: ${text(cause)}`, { cause });
  }
  for (const entry of entries) {
    const { name, type = 'file' } = entry.header;
    try {
      MAKE[type]?.(tree, trimmed(name), entry);
    } catch (cause) {
      throw new UsageError(`entry ${JSON.stringify(name)} of the tar archive: ${text(cause)}`, { cause });
    }
  }
}

/** `./bin/sh` and `bin/` as the tree calls them. */
function trimmed(name: string): string {
  return name
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

function permissions(mode: number | undefined, usual: number): number {
  return (mode ?? usual) & 0o7777;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
