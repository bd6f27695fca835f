import { describe, expect, test } from '@jest/globals';
import { checkConfig } from './check-config.ts';
import type { VirtualMachineConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

const share = (mountTag: string, mountAt?: string | false) => ({
  path: '/srv',
  mountTag,
  ...(mountAt === undefined ? {} : { mountAt }),
});
const shares = (count: number) => Array.from({ length: count }, (_, index) => share(`s${index}`));

describe('refused, in one line', () => {
  test.each<[VirtualMachineConfig, string]>([
    [{ cpus: 0 }, '0 CPUs: give 1 to 16'],
    [{ cpus: 17 }, '17 CPUs: give 1 to 16'],
    [{ cpus: 1.5 }, '1.5 CPUs: give 1 to 16'],
    [{ cpus: Number.NaN }, 'NaN CPUs: give 1 to 16'],
    [{ shares: shares(29) }, '29 devices on the PCI bus: a machine has room for 28'],
    [{ shares: [share('')] }, 'a mount tag is empty: give 1 to 31 bytes'],
    [
      { shares: [share('abcdefghijklmnopqrstuvwxyz012345')] },
      "mount tag 'abcdefghijklmnopqrstuvwxyz012345' has 32 bytes: give at most 31",
    ],
    [{ shares: [share('ääääääääääääääää')] }, "mount tag 'ääääääääääääääää' has 32 bytes: give at most 31"],
    [{ shares: [share('a\0b')] }, 'a mount tag contains a NUL byte: leave it out'],
    [
      { shares: [share('tsvmm.root')] },
      "mount tag 'tsvmm.root': tags that begin with 'tsvmm.' are the machine's own; choose another",
    ],
    [{ shares: [share('a'), share('a')] }, "mount tag 'a' is used twice: each share needs its own"],
    [{ shares: [share('a', 'mnt')] }, "mountAt of share 'a': 'mnt' is not an absolute path: begin it with /"],
    [{ cwd: 'tmp' }, "cwd: 'tmp' is not an absolute path: begin it with /"],
    [{ cwd: '/a\0' }, 'cwd: the path holds a NUL byte: leave it out'],
    [{ root: { path: '/', init: 'sbin/init' } }, "root.init: 'sbin/init' is not an absolute path: begin it with /"],
    [{ root: { path: '/', init: '/a"b' } }, `root.init: '/a"b' holds a quote: rename it`],
  ])('%j', (config, line) => {
    expect(() => checkConfig(config)).toThrow(new UsageError(line));
    expect(line).not.toContain('\n');
  });
});

test.each<VirtualMachineConfig>([
  {},
  { cpus: 16, root: false },
  { shares: shares(28) },
  { shares: [share('abcdefghijklmnopqrstuvwxyz01234', false), share('/dev/root'), share('tsvmm', '/mnt/a b')] },
  { cwd: '/', root: { path: '.', init: '/my init' } },
])('taken: %j', (config) => {
  expect(() => checkConfig(config)).not.toThrow();
});
