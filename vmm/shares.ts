import type { Backend, MaybeAsync } from '../ninep/backend.ts';
import { graft } from '../ninep/backends/graft/graft.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import { ShareError } from '../ninep/backends/local/share-error.ts';
import { createMemory } from '../ninep/backends/memory/memory.ts';
import { createQemuTree } from '../ninep/backends/synth/qemu-tree.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { readOnly } from '../ninep/layers/read-only.ts';
import { GRAFT_NAME } from './boot-plan.ts';
import type { RootConfig } from './config.ts';
import { type Driver, driverOf, type ExportConfig, type ExportOf, type SecurityModel } from './export-config.ts';
import { UsageError } from './usage-error.ts';

/** How each driver opens what it exports, bare of layers. */
const OPENERS: { readonly [D in Driver]: (config: ExportOf<D>) => MaybeAsync<Backend> } = {
  local: ({ path, securityModel = 'none', readonly = false }) => openDirectory(path, securityModel, readonly),
  synth: ({ readonly }) => withReadonly(createQemuTree(), readonly),
  memory: ({ readonly }) => withReadonly(createMemory(), readonly),
  backend: ({ backend, readonly }) => withReadonly(leftOpen(backend), readonly),
};

/** Opens an export. Rejects with UsageError, one line, where it cannot be shared. */
export async function openExport(config: ExportConfig): Promise<Backend> {
  const open = OPENERS[driverOf(config)] as (config: ExportConfig) => MaybeAsync<Backend>;
  return open(config);
}

/** Opens the directory a guest boots from, with our init, if it is to run, grafted in at /.tsvmm/init. */
export function openRoot(root: RootConfig, init: Uint8Array | undefined): Backend {
  const privileged = process.geteuid?.() === 0;
  const model = root.securityModel ?? (privileged ? 'passthrough' : 'none');
  const base = openDirectory(root.path, model, root.readonly ?? true);
  if (init === undefined) return base;
  const tree = createSynth({ mode: 0o555 });
  tree.root.file('init', init, { mode: 0o555 });
  return graft(base, GRAFT_NAME, tree);
}

function openDirectory(path: string, securityModel: SecurityModel, readonly: boolean): Backend {
  try {
    return openLocal({ path, securityModel, readonly });
  } catch (error) {
    if (error instanceof ShareError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function withReadonly(backend: Backend, readonly = false): Backend {
  return readonly ? readOnly(backend) : backend;
}

/** A backend that is somebody else's to close. */
function leftOpen(backend: Backend): Backend {
  return { driver: backend.driver, attach: (credential) => backend.attach(credential), close() {} };
}
