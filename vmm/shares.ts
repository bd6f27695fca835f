import type { Hostfs } from 'node-hostfs';
import type { Backend, MaybeAsync } from '../ninep/backend.ts';
import { graft } from '../ninep/backends/graft/graft.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import type { LocalOptions } from '../ninep/backends/local/settings.ts';
import { ShareError } from '../ninep/backends/local/share-error.ts';
import { createMemory } from '../ninep/backends/memory/memory.ts';
import { createQemuTree } from '../ninep/backends/synth/qemu-tree.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import type { ExportTable } from '../ninep/connection.ts';
import { Counters, countsAsText } from '../ninep/counters.ts';
import { exportTable } from '../ninep/export-table.ts';
import { idMapped } from '../ninep/layers/id-map/id-mapped.ts';
import { withQuota } from '../ninep/layers/quota/quota.ts';
import { readOnly } from '../ninep/layers/read-only.ts';
import { throttled } from '../ninep/layers/throttle/throttled.ts';
import { GRAFT_NAME } from './boot-plan.ts';
import type { RootConfig } from './config.ts';
import { driverOf, type ExportConfig, type ExportOf, type TreeExport } from './export-config.ts';
import { openProxyShare } from './proxy/open-proxy-share.ts';
import { UsageError } from './usage-error.ts';

/** An export that sessions can serve. */
export interface OpenedExport {
  readonly exported: Backend | ExportTable;
  /** Where the sessions' messages are counted, if that was asked for: each session needs an observer of it. */
  readonly counters: Counters | undefined;
  /**
   * Ends what requests wait for though no client asks them to, so that sessions can be reset without delay. Nothing can be
   * changed afterwards.
   */
  interrupt(): void;
  /** Gives back every resource of the host; no session may use the export afterwards. */
  close(): Promise<void>;
}

/** Is told in one line what becomes of what an export depends on. */
export type Notice = (line: string) => void;

/** What exports depend on. */
interface Host {
  readonly notice: Notice;
  readonly hostfs: Hostfs | undefined;
}

/** Opens an export, whoever it is served to. Rejects with UsageError, one line, where that cannot be. `hostfs` takes the place of the host's calls, for whoever watches them. */
export async function openExport(
  config: ExportConfig,
  notice: Notice = () => {},
  hostfs?: Hostfs,
): Promise<OpenedExport> {
  const host = { notice, hostfs };
  const opened = new Map<TreeExport, OpenedTree>();
  const close = async () => {
    for (const { backend } of opened.values()) await backend.close();
  };
  const open = async (tree: TreeExport): Promise<Backend> => {
    const known = opened.get(tree) ?? (await openTree(tree, host));
    opened.set(tree, known);
    return known.backend;
  };
  try {
    const counters = config.counters === true ? new Counters() : undefined;
    const shown = async (tree: TreeExport) => {
      const backend = await open(tree);
      return counters === undefined ? backend : withCountersFile(backend, counters);
    };
    return {
      exported: config.driver === 'exports' ? await openTable(config, shown) : await shown(config),
      counters,
      interrupt() {
        for (const tree of opened.values()) tree.interrupt();
      },
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof ShareError || error instanceof RangeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** Opens the directory a guest boots from, with our init, if it is to run, grafted in at /.tsvmm/init. */
export function openRoot(root: RootConfig, init: Uint8Array | undefined, hostfs?: Hostfs): Backend {
  const securityModel = root.securityModel ?? (process.geteuid?.() === 0 ? 'passthrough' : 'none');
  const base = openDirectory({ path: root.path, securityModel, readonly: root.readonly ?? true, hostfs });
  if (init === undefined) return base;
  const tree = createSynth({ mode: 0o555 });
  tree.root.file('init', init, { mode: 0o555 });
  return graft(base, GRAFT_NAME, tree);
}

/** A tree with its layers, and the end of what they wait for. */
interface OpenedTree {
  readonly backend: Backend;
  interrupt(): void;
}

type TreeDriver = NonNullable<TreeExport['driver']>;

/** How each driver opens what it exports, bare of all layers but `readonly`. */
const OPENERS: { readonly [D in TreeDriver]: (config: ExportOf<D>, host: Host) => MaybeAsync<Backend> } = {
  local: (config, host) => openDirectory(localOptions(config, host)),
  synth: ({ readonly }) => withReadonly(createQemuTree(), readonly),
  // It counts what it stores itself.
  memory: ({ readonly, quota }) => withReadonly(createMemory(memoryOptions(quota)), readonly),
  proxy: async (config, { notice }) => withReadonly(await openProxyShare(config, { notice }), config.readonly),
  backend: ({ backend, readonly }) => withReadonly(leftOpen(backend), readonly),
};

async function openTree(config: TreeExport, host: Host): Promise<OpenedTree> {
  const driver = driverOf(config);
  if (!Object.hasOwn(OPENERS, driver)) {
    throw new RangeError(`unknown driver '${driver}'; the drivers are ${Object.keys(OPENERS).join(', ')}`);
  }
  const open = OPENERS[driver] as (config: TreeExport, host: Host) => MaybeAsync<Backend>;
  const base = await open(config, host);
  try {
    return withLayers(base, config);
  } catch (error) {
    await base.close();
    throw error;
  }
}

/** The quota is innermost: it counts what the tree itself says. Ids are outermost, so nothing else sees clients' numbers. */
function withLayers(base: Backend, config: TreeExport): OpenedTree {
  const quota = 'quota' in config && config.driver !== 'memory' ? config.quota : undefined;
  const counted = quota && withQuota(base, quota);
  let backend: Backend = counted ?? base;
  if (config.throttling !== undefined) backend = throttled(backend, config.throttling);
  if (config.uidMap !== undefined || config.gidMap !== undefined) {
    backend = idMapped(backend, {
      ...(config.uidMap && { uid: config.uidMap }),
      ...(config.gidMap && { gid: config.gidMap }),
    });
  }
  return { backend, interrupt: () => counted?.interrupt() };
}

async function openTable(
  { exports, byDefault }: ExportOf<'exports'>,
  open: (tree: TreeExport) => Promise<Backend>,
): Promise<ExportTable> {
  const [first] = Object.keys(exports);
  if (first === undefined) throw new RangeError('there are no exports; name at least one');
  const backends = new Map<string, Backend>();
  for (const [name, tree] of Object.entries(exports)) backends.set(name, await open(tree));
  return exportTable(backends, byDefault ?? first);
}

/** Shows clients what has been counted, in /.tsvmm/counters. */
function withCountersFile(backend: Backend, counters: Counters): Backend {
  const tree = createSynth();
  tree.root.file('counters', () => new TextEncoder().encode(countsAsText(counters.read())));
  return graft(backend, GRAFT_NAME, tree);
}

function localOptions(config: ExportOf<'local'>, host: Host): LocalOptions {
  const { path, securityModel = 'none', readonly, fmode, dmode, writeout, multidevs } = config;
  const given = Object.entries({ readonly, fmode, dmode, writeout, multidevs, ...host });
  return { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), path, securityModel };
}

function openDirectory(options: LocalOptions): Backend {
  try {
    return openLocal(options);
  } catch (error) {
    if (error instanceof ShareError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function memoryOptions({ bytes, inodes }: { readonly bytes?: number; readonly inodes?: number } = {}) {
  return { ...(bytes === undefined ? {} : { capacity: bytes }), ...(inodes === undefined ? {} : { inodes }) };
}

function withReadonly(backend: Backend, readonly = false): Backend {
  return readonly ? readOnly(backend) : backend;
}

/** A backend that is somebody else's to close. */
function leftOpen(backend: Backend): Backend {
  return { driver: backend.driver, attach: (credential) => backend.attach(credential), close() {} };
}
