import type { Backend } from '../ninep/backend.ts';
import { graft } from '../ninep/backends/graft/graft.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import type { LocalOptions } from '../ninep/backends/local/settings.ts';
import { ShareError } from '../ninep/backends/local/share-error.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { GRAFT_NAME } from './boot-plan.ts';
import type { RootConfig, ShareConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

/** Opens a share; `notice` is told what a person should know of it. Throws UsageError, one line, where the directory cannot be shared. */
export function openShare(share: ShareConfig, notice?: (line: string) => void): Backend {
  const { path, readonly, fmode, dmode, writeout, multidevs } = share;
  const given = Object.entries({ readonly, fmode, dmode, writeout, multidevs, notice });
  const options = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return open({ ...options, path, securityModel: share.securityModel ?? 'none' });
}

/** Opens the directory a guest boots from, with our init, if it is to run, grafted in at /.tsvmm/init. */
export function openRoot(root: RootConfig, init: Uint8Array | undefined): Backend {
  const securityModel = root.securityModel ?? (process.geteuid?.() === 0 ? 'passthrough' : 'none');
  const base = open({ path: root.path, securityModel, readonly: root.readonly ?? true });
  if (init === undefined) return base;
  const tree = createSynth({ mode: 0o555 });
  tree.root.file('init', init, { mode: 0o555 });
  return graft(base, GRAFT_NAME, tree);
}

function open(options: LocalOptions): Backend {
  try {
    return openLocal(options);
  } catch (error) {
    if (error instanceof ShareError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
