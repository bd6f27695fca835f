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
import { Canary, SECRET } from './canary.ts';
import type { Target } from './targets.ts';

/** What the mapped models keep for themselves, by the part of its name that nothing else has. */
const KEPT: Readonly<Record<string, string>> = {
  'mapped-xattr': 'user.virtfs.',
  'mapped-file': '.virtfs_metadata',
};

/** A directory of this host with a little of everything in it, exported, and a canary beside it. */
export class HostShare {
  readonly backend: Backend;
  readonly canary: Canary;
  readonly secrets: readonly Buffer[];
  private readonly around: string;
  private readonly descriptors: Descriptors;
  private readonly held: number;

  /** @param directory where a directory is made for it. */
  constructor(directory: string, options: Omit<LocalOptions, 'path'>) {
    this.around = realpathSync(mkdtempSync(join(directory, 'around-')));
    const share = join(this.around, 'share');
    mkdirSync(join(share, 'dir'), { recursive: true });
    writeFileSync(join(share, 'file'), 'content');
    writeFileSync(join(share, 'dir', 'a'), 'more');
    symlinkSync('../outside', join(share, 'out'));
    const hostfs = loadHostfs();
    hostfs.mknodat(AT.FDCWD, Buffer.from(join(share, 'pipe')), 0o010600, 0);
    this.canary = new Canary(this.around, share);
    this.descriptors = options.descriptors ?? new Descriptors(hostfs.descriptorLimit());
    this.backend = openLocal({ ...options, path: share, descriptors: this.descriptors });
    this.held = this.descriptors.held;
    const kept = KEPT[options.securityModel];
    this.secrets = kept === undefined ? [SECRET] : [SECRET, Buffer.from(kept)];
  }

  /** Descriptors of the share's budget that are held beyond those of the share itself. */
  get borrowed(): number {
    return this.descriptors.held - this.held;
  }

  /** Removes the directory; the share has to be closed. */
  remove(): void {
    removeTree(Buffer.from(this.around));
  }
}

/**
 * The target made of one or more shares, with whatever lies over them at rest.
 *
 * @param close closes what is exported and with it the shares.
 */
export function onHost(
  shares: readonly HostShare[],
  exported: Target['exported'],
  close: () => void | Promise<void>,
): Target {
  const open = openDescriptors();
  return {
    exported,
    canaries: shares.map(({ canary }) => canary),
    secrets: shares.flatMap(({ secrets }) => secrets),
    leaked() {
      const more = openDescriptors() - open;
      if (more !== 0) return `${more} descriptors of the process`;
      const borrowed = shares.reduce((sum, share) => sum + share.borrowed, 0);
      return borrowed === 0 ? undefined : `${borrowed} descriptors of the budget`;
    },
    async close() {
      await close();
      for (const share of shares) share.remove();
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
