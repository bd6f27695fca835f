import type { Backend } from '../ninep/backend.ts';
import { graft } from '../ninep/backends/graft/graft.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import { ShareError } from '../ninep/backends/local/share-error.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { GRAFT_NAME } from './boot-plan.ts';
import type { RootConfig, SecurityModel, ShareConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

/** Opens a share. Throws UsageError, one line, where the directory cannot be shared. */
export function openShare(share: ShareConfig): Backend {
  return open(share.path, share.securityModel ?? 'none', share.readonly ?? false);
}

/** Opens the directory a guest boots from, with our init, if it is to run, grafted in at /.tsvmm/init. */
export function openRoot(root: RootConfig, init: Uint8Array | undefined): Backend {
  const privileged = process.geteuid?.() === 0;
  const base = open(root.path, root.securityModel ?? (privileged ? 'passthrough' : 'none'), root.readonly ?? true);
  if (init === undefined) return base;
  const tree = createSynth({ mode: 0o555 });
  tree.root.file('init', init, { mode: 0o555 });
  return graft(base, GRAFT_NAME, tree);
}

function open(path: string, securityModel: SecurityModel, readonly: boolean): Backend {
  try {
    return openLocal({ path, securityModel, readonly });
  } catch (error) {
    if (error instanceof ShareError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
