import { showSize } from '../../options/size.ts';
import { bad, type HostCheck, ok, warn } from '../check.ts';

const MIB = 2 ** 20;

/** A guest of 256 MiB and tsvmm itself. */
const COMFORTABLE_MEMORY = 512 * MIB;
const LEAST_MEMORY = 192 * MIB;

/** Below it a share with many open files has to close and reopen them. */
const COMFORTABLE_FILES = 4096;

/** First Linux with openat2; statx is older. @spec Linux openat2(2), statx(2) */
const LEAST_KERNEL = [5, 6] as const;

/** The system below: platform, kernel, Node, memory and limits. */
export const SYSTEM_CHECKS: readonly HostCheck[] = [
  {
    check: 'platform',
    look: ({ platform, arch }) =>
      platform === 'linux' && arch === 'x64'
        ? ok('Linux on x86-64')
        : bad(`${platform} on ${arch}`, 'use a Linux host with an x86-64 processor'),
  },
  {
    check: 'kernel',
    look: ({ kernelRelease }) => {
      const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10));
      const isOld = major < LEAST_KERNEL[0] || (major === LEAST_KERNEL[0] && minor < LEAST_KERNEL[1]);
      return isOld
        ? bad(`Linux ${kernelRelease}, which lacks openat2`, `use Linux ${LEAST_KERNEL.join('.')} or later`)
        : ok(`Linux ${kernelRelease}, with openat2 and statx`);
    },
  },
  {
    check: 'Node',
    look: ({ nodeVersion }) =>
      Number.parseInt(nodeVersion, 10) >= 20 ? ok(nodeVersion) : bad(nodeVersion, 'install Node 20 or later'),
  },
  {
    check: 'memory',
    look: (host) => {
      const available = availableMemory(host.readText('/proc/meminfo'), host.readText('/sys/fs/cgroup/memory.max'));
      if (available === undefined) return warn('unknown: /proc/meminfo cannot be read');
      const found = `${roughly(available)} to be had`;
      if (available < LEAST_MEMORY) return bad(found, 'end other programs, or raise the limit of this container');
      return available < COMFORTABLE_MEMORY ? warn(found, 'give guests less than the default: -m 128M') : ok(found);
    },
  },
  {
    check: 'open files',
    look: (host) => {
      const limit = readLimit(host.readText('/proc/self/limits'), 'Max open files');
      if (limit === undefined) return warn('unknown: /proc/self/limits cannot be read');
      const found = limit === Number.POSITIVE_INFINITY ? 'unlimited' : `at most ${limit} in a process`;
      return limit < COMFORTABLE_FILES ? warn(found, `ulimit -n ${COMFORTABLE_FILES}`) : ok(found);
    },
  },
  {
    check: 'locked memory',
    look: (host) => {
      const limit = readLimit(host.readText('/proc/self/limits'), 'Max locked memory');
      if (limit === undefined) return warn('unknown: /proc/self/limits cannot be read');
      return ok(`${limit === Number.POSITIVE_INFINITY ? 'unlimited' : `at most ${roughly(limit)}`}; guests lock none`);
    },
  },
];

/** Bytes a new process can get: what the system has, but no more than its control group allows. */
function availableMemory(meminfo: string | undefined, groupLimit: string | undefined): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo ?? '')?.[1];
  if (kib === undefined) return undefined;
  const limit = Number.parseInt(groupLimit ?? '', 10);
  return Math.min(Number(kib) * 1024, Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit);
}

/** The soft limit of a line of /proc/self/limits. */
function readLimit(limits: string | undefined, name: string): number | undefined {
  const line = limits?.split('\n').find((text) => text.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

function roughly(bytes: number): string {
  return showSize(Math.max(MIB, Math.floor(bytes / MIB) * MIB));
}
