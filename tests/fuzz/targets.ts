import type { Backend, MaybeAsync } from '../../ninep/backend.ts';
import { graft } from '../../ninep/backends/graft/graft.ts';
import { Descriptors } from '../../ninep/backends/local/descriptors.ts';
import type { LocalOptions } from '../../ninep/backends/local/settings.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { openProxy } from '../../ninep/backends/proxy/proxy-share.ts';
import { TestHelper } from '../../ninep/backends/proxy/test-links.ts';
import { createSynth, type Synth } from '../../ninep/backends/synth/synth.ts';
import type { ExportTable } from '../../ninep/connection.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import { exportTable } from '../../ninep/export-table.ts';
import { idMapped } from '../../ninep/layers/id-map/id-mapped.ts';
import { measure } from '../../ninep/layers/quota/measure.ts';
import { type QuotaUsage, withQuota } from '../../ninep/layers/quota/quota.ts';
import { readOnly } from '../../ninep/layers/read-only.ts';
import type { Clock } from '../../ninep/layers/throttle/clock.ts';
import { throttled } from '../../ninep/layers/throttle/throttled.ts';
import type { Canary } from './canary.ts';
import { HostShare, onHost } from './host-share.ts';

/** What is to be fuzzed, with what has to be true of it between conversations. */
export interface Target {
  readonly exported: Backend | ExportTable;
  readonly canaries: readonly Canary[];
  /** Bytes that no reply's data may hold. */
  readonly secrets: readonly Buffer[];
  /** What a conversation that has ended left behind that it should not have, or undefined. */
  leaked(): MaybeAsync<string | undefined>;
  close(): Promise<void>;
}

/** Makes a fresh target in an empty directory of its own. */
type Maker = (directory: string) => Target | Promise<Target>;

/** Every backend the fuzzer knows, by its name on the command line. A new one is one more row. */
export const TARGETS: Readonly<Record<string, Maker>> = {
  memory: () => memoryTarget((memory) => memory),
  synth: () => ({ exported: synthTree(), canaries: [], secrets: [], leaked: () => undefined, async close() {} }),
  local: (directory) => localTarget(directory, { securityModel: 'none' }),
  'local-passthrough': (directory) => localTarget(directory, { securityModel: 'passthrough' }),
  'local-mapped-xattr': (directory) => localTarget(directory, { securityModel: 'mapped-xattr' }),
  'local-mapped-file': (directory) => localTarget(directory, { securityModel: 'mapped-file' }),
  'local-readonly': (directory) => localTarget(directory, { securityModel: 'none', readonly: true }),
  'local-parking': (directory) => localTarget(directory, { securityModel: 'none', descriptors: new Descriptors(24) }),
  'read-only': () => memoryTarget(readOnly),
  graft: (directory) => localTarget(directory, { securityModel: 'none' }, (local) => graft(local, 'b', synthTree())),
  throttle: (directory) =>
    localTarget(directory, { securityModel: 'none' }, (local) =>
      throttled(local, { bps: { total: { rate: 1e6 } }, iops: { total: { rate: 500 } } }, FAST_CLOCK),
    ),
  'id-map': (directory) =>
    localTarget(directory, { securityModel: 'passthrough' }, (local) =>
      idMapped(local, {
        uid: [
          { inside: 0, outside: 0, count: 1 },
          { inside: 1000, outside: 2000, count: 10 },
        ],
        gid: [
          { inside: 0, outside: 0, count: 1 },
          { inside: 100, outside: 200, count: 1 },
        ],
      }),
    ),
  quota: async (directory) => {
    const share = new HostShare(directory, { securityModel: 'none' });
    const limited = withQuota(share.backend, { bytes: 256 << 10, inodes: 40 });
    await limited.measured;
    const target = onHost([share], limited, () => limited.close());
    const leaked = async () => (await target.leaked()) ?? (await drift(limited.usage, share.backend));
    // Others than root may be unable to look into a directory, and what they cannot see does not count.
    return process.geteuid?.() === 0 ? { ...target, leaked } : target;
  },
  proxy: proxyTarget,
  exports: (directory) => {
    const one = new HostShare(directory, { securityModel: 'none' });
    const other = new HostShare(directory, { securityModel: 'none' });
    const backends = { one: one.backend, other: other.backend, memory: createMemory({ capacity: 1 << 20 }) };
    return onHost([one, other], exportTable(new Map(Object.entries(backends)), 'one'), async () => {
      for (const backend of Object.values(backends)) await backend.close();
    });
  },
};

/** A share behind a helper in this process, over which the protocol between the two goes in full. */
async function proxyTarget(directory: string): Promise<Target> {
  const share = new HostShare(directory, { securityModel: 'none' });
  const helper = new TestHelper(share.backend);
  const proxy = await openProxy({ connector: helper });
  const target = onHost([share], proxy, async () => {
    await proxy.close();
    await share.backend.close();
  });
  const remains = async () => {
    if (helper.bugs.length > 0) return `a defect of the helper: ${helper.bugs[0]}`;
    if (helper.lives.length > 1) return `${helper.lives.length - 1} helpers that were given up`;
    const { fidCount } = helper.life.session;
    return fidCount === 0 ? target.leaked() : `${fidCount} fids at the helper`;
  };
  return {
    ...target,
    // What is clunked, the helper hears of later.
    async leaked() {
      let left = await remains();
      for (let tries = 0; left !== undefined && tries < 200; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        left = await remains();
      }
      return left;
    },
  };
}

/** How an account differs from what is there, or undefined. */
async function drift({ bytes, inodes }: QuotaUsage, backend: Backend): Promise<string | undefined> {
  const there = await measure(backend, { isOver: () => false, pause: async () => {} });
  if (bytes === there.bytes && inodes === there.inodes) return undefined;
  return `${bytes} bytes and ${inodes} inodes in the account, ${there.bytes} and ${there.inodes} on the disk`;
}

/** A thousand times as fast as the system's. */
const FAST_CLOCK: Clock = {
  now: () => performance.now() * 1000,
  after(ms, callback) {
    const timer = setTimeout(callback, ms / 1000);
    return () => clearTimeout(timer);
  },
};

function localTarget(
  directory: string,
  options: Omit<LocalOptions, 'path'>,
  lay: (local: Backend) => Backend = (local) => local,
): Target {
  const share = new HostShare(directory, options);
  const backend = lay(share.backend);
  return onHost([share], backend, () => backend.close());
}

function memoryTarget(lay: (memory: Backend) => Backend): Target {
  const memory = createMemory({ capacity: 4 << 20, inodes: 2000 });
  memory.writeFile('file', 'content');
  return {
    exported: lay(memory),
    canaries: [],
    secrets: [],
    leaked: () => (memory.usage.handles === 0 ? undefined : `${memory.usage.handles} handles`),
    async close() {},
  };
}

function synthTree(): Synth {
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
  return synth;
}
