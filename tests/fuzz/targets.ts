import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AT, loadHostfs } from 'node-hostfs';
import type { Backend } from '../../ninep/backend.ts';
import { Descriptors } from '../../ninep/backends/local/descriptors.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import type { LocalOptions } from '../../ninep/backends/local/settings.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import { Canary } from './canary.ts';

/** A backend to be fuzzed, with what has to be true of it between conversations. */
export interface Target {
  readonly backend: Backend;
  readonly canary: Canary | undefined;
  /** What was not given back by a conversation that has ended, or undefined. */
  leaked(): string | undefined;
  close(): Promise<void>;
}

/** Makes a fresh target in an empty directory of its own. */
type Maker = (directory: string) => Target;

/** Every backend the fuzzer knows, by its name on the command line. A new one is one more row. */
export const TARGETS: Readonly<Record<string, Maker>> = {
  memory: () => {
    const memory = createMemory({ capacity: 4 << 20, inodes: 2000 });
    memory.writeFile('file', 'content');
    return {
      backend: memory,
      canary: undefined,
      leaked: () => (memory.usage.handles === 0 ? undefined : `${memory.usage.handles} handles`),
      async close() {},
    };
  },
  synth: () => {
    const synth = createSynth();
    synth.root.file('file', 'content');
    const dir = synth.root.directory('dir');
    for (let i = 0; i < 50; i++) dir.file(`f${i}`, 'more');
    synth.root.symlink('out', '/etc');
    synth.root.special('a', {
      read: (_offset, into, request) =>
        new Promise((resolve, reject) => {
          const late = setTimeout(() => resolve(Math.min(1, into[0]?.length ?? 0)), 1);
          request.onFlush(() => {
            clearTimeout(late);
            reject(errnoOf(ERRNO.EINTR));
          });
        }),
      write: () => 0,
    });
    return { backend: synth, canary: undefined, leaked: () => undefined, async close() {} };
  },
  local: (directory) => localTarget(directory, { securityModel: 'none' }),
  'local-passthrough': (directory) => localTarget(directory, { securityModel: 'passthrough' }),
  'local-mapped-xattr': (directory) => localTarget(directory, { securityModel: 'mapped-xattr' }),
  'local-mapped-file': (directory) => localTarget(directory, { securityModel: 'mapped-file' }),
  'local-readonly': (directory) => localTarget(directory, { securityModel: 'none', readonly: true }),
  'local-parking': (directory) => localTarget(directory, { securityModel: 'none', descriptors: new Descriptors(24) }),
};

function localTarget(directory: string, options: Omit<LocalOptions, 'path'>): Target {
  const around = realpathSync(mkdtempSync(join(directory, 'around-')));
  const share = join(around, 'share');
  mkdirSync(join(share, 'dir'), { recursive: true });
  writeFileSync(join(share, 'file'), 'content');
  writeFileSync(join(share, 'dir', 'a'), 'more');
  symlinkSync('../outside', join(share, 'out'));
  const hostfs = loadHostfs();
  hostfs.mknodat(AT.FDCWD, Buffer.from(join(share, 'pipe')), 0o010600, 0);
  const canary = new Canary(around, share);
  const descriptors = options.descriptors ?? new Descriptors(hostfs.descriptorLimit());
  const backend = openLocal({ ...options, path: share, descriptors });
  const held = descriptors.held;
  const open = openDescriptors();
  return {
    backend,
    canary,
    leaked() {
      const more = openDescriptors() - open;
      if (more !== 0) return `${more} descriptors of the process`;
      return descriptors.held === held ? undefined : `${descriptors.held - held} descriptors of the budget`;
    },
    async close() {
      await backend.close();
      removeTree(Buffer.from(around));
    },
  };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Removes a tree whose directories may have any mode and whose names any bytes. */
function removeTree(path: Buffer): void {
  chmodSync(path, 0o700);
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    const child = Buffer.concat([path, Buffer.from('/'), name]);
    if (lstatSync(child).isDirectory()) removeTree(child);
    else unlinkSync(child);
  }
  rmdirSync(path);
}
