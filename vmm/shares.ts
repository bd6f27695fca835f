import type { Backend } from '../ninep/backend.ts';
import { graft } from '../ninep/backends/graft/graft.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { GRAFT_NAME } from './boot-plan.ts';
import type { RootConfig, ShareConfig } from './config.ts';

/** Opens a share. Throws UsageError, one line, where the directory cannot be shared. */
export function openShare(share: ShareConfig): Backend {
  return openLocal({
    path: share.path,
    securityModel: share.securityModel ?? 'none',
    readonly: share.readonly ?? false,
  });
}

/** Opens the directory a guest boots from, with our init grafted in at /.tsvmm/init. */
export function openRoot(root: RootConfig, init: Uint8Array): Backend {
  const privileged = process.geteuid?.() === 0;
  const base = openLocal({
    path: root.path,
    securityModel: root.securityModel ?? (privileged ? 'passthrough' : 'none'),
    readonly: root.readonly ?? true,
  });
  const tree = createSynth({ mode: 0o555 });
  tree.root.file('init', init, { mode: 0o555 });
  return graft(base, GRAFT_NAME, tree);
}
