import { describe, expect, test } from '@jest/globals';
import { type FixtureState, KERNEL_BUILD_NEEDS } from './checks/fixtures.ts';
import { canRunGuests, type Finding } from './finding.ts';
import { inspectHost } from './inspect.ts';
import { type HostProbe, thisHost } from './probe.ts';
import { showFindings } from './table.ts';

const FILES: Readonly<Record<string, string>> = {
  '/proc/meminfo': 'MemTotal:       16000000 kB\nMemFree:          200000 kB\nMemAvailable:   8388608 kB\n',
  '/proc/self/limits':
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max open files            20000                1048576              files     \n' +
    'Max locked memory         8388608              8388608              bytes     \n',
  '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vme vmx sse2\n',
  '/etc/group': 'root:x:0:\nkvm:x:104:\n',
};

const MISSING_ADDON = new Error('node-kvm: its addon kvm.node has not been built: run "npm rebuild node-kvm"');

/** A host on which everything is as it should be. */
const SOUND: HostProbe = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: '20.11.0',
  kernelRelease: '6.1.0-18-amd64',
  uid: 1000,
  groups: [1000, 104],
  readText: (path) => FILES[path],
  exists: () => true,
  openRefusal: () => undefined,
  writeRefusal: () => undefined,
  permissions: () => ({ gid: 104, mode: 0o20660 }),
  list: () => ['kernel', 'root'],
  freeBytes: () => 100 * 2 ** 30,
  hasProgram: () => true,
  kvmVersion: async () => 12,
  kernelSpeed: async () => 3e9,
  loadHostfs: async () => {},
};

const intelOnly = (path: string) => !/kvm_(pvm|amd)$/.test(path);
const noModule = (path: string) => !path.startsWith('/sys/module') && path !== '/dev/kvm';
const withFile = (path: string, text: string | undefined) => (asked: string) => (asked === path ? text : FILES[asked]);

const BUILT: FixtureState = { directory: '/c/tsvmm', kernel: '/c/tsvmm/kernel/vmlinux', needs: KERNEL_BUILD_NEEDS };
const UNBUILT: FixtureState = { ...BUILT, kernel: undefined };

async function find(check: string, host: Partial<HostProbe>, fixtures = BUILT): Promise<Finding | undefined> {
  const findings = await inspectHost({ ...SOUND, exists: intelOnly, ...host }, fixtures);
  return findings.find((finding) => finding.check === check);
}

describe('what a host lacks is found, with the command that mends it', () => {
  test.each<[string, Partial<HostProbe>, Finding['state'], string, string | undefined]>([
    [
      'platform',
      { platform: 'darwin', arch: 'arm64' },
      'bad',
      'darwin on arm64',
      'use a Linux host with an x86-64 processor',
    ],
    ['platform', { arch: 'arm64' }, 'bad', 'linux on arm64', 'use a Linux host with an x86-64 processor'],
    ['kernel', { kernelRelease: '5.5.19' }, 'bad', 'Linux 5.5.19, which lacks openat2', 'use Linux 5.6 or later'],
    [
      'kernel',
      { kernelRelease: '4.19.0-26-amd64' },
      'bad',
      'Linux 4.19.0-26-amd64, which lacks openat2',
      'use Linux 5.6 or later',
    ],
    ['kernel', { kernelRelease: '5.6.0' }, 'ok', 'Linux 5.6.0, with openat2 and statx', undefined],
    ['kernel', { kernelRelease: '5.10.0' }, 'ok', 'Linux 5.10.0, with openat2 and statx', undefined],
    ['Node', { nodeVersion: '18.20.4' }, 'bad', '18.20.4', 'install Node 20 or later'],
    [
      'memory',
      { readText: withFile('/proc/meminfo', 'MemAvailable:   131072 kB\n') },
      'bad',
      '128M to be had',
      'end other programs, or raise the limit of this container',
    ],
    [
      'memory',
      { readText: withFile('/proc/meminfo', 'MemAvailable:   409600 kB\n') },
      'warn',
      '400M to be had',
      'give guests less than the default: -m 128M',
    ],
    [
      'memory',
      { readText: withFile('/sys/fs/cgroup/memory.max', '104857600\n') },
      'bad',
      '100M to be had',
      'end other programs, or raise the limit of this container',
    ],
    ['memory', { readText: withFile('/sys/fs/cgroup/memory.max', 'max\n') }, 'ok', '8G to be had', undefined],
    ['memory', { readText: () => undefined }, 'warn', 'unknown: /proc/meminfo cannot be read', undefined],
    [
      'open files',
      {
        readText: withFile(
          '/proc/self/limits',
          'Max open files            1024                 4096                 files\n',
        ),
      },
      'warn',
      'at most 1024 in a process',
      'ulimit -n 4096',
    ],
    [
      'open files',
      {
        readText: withFile(
          '/proc/self/limits',
          'Max open files            unlimited            unlimited            files\n',
        ),
      },
      'ok',
      'unlimited',
      undefined,
    ],
    ['locked memory', {}, 'ok', 'at most 8M; guests lock none', undefined],
    ['KVM module', {}, 'ok', 'kvm_intel: VT-x', undefined],
    ['KVM module', { exists: (path) => !/kvm_(pvm|intel)$/.test(path) }, 'ok', 'kvm_amd: SVM', undefined],
    ['KVM module', { exists: noModule }, 'warn', 'none loaded; the processor has VT-x', 'sudo modprobe kvm_intel'],
    [
      'KVM module',
      { exists: noModule, readText: withFile('/proc/cpuinfo', 'flags\t\t: fpu svm\n') },
      'warn',
      'none loaded; the processor has SVM',
      'sudo modprobe kvm_amd',
    ],
    [
      'KVM module',
      { exists: noModule, readText: withFile('/proc/cpuinfo', 'flags\t\t: fpu\n') },
      'warn',
      'none loaded, and the processor shows neither VT-x nor SVM',
      'switch virtualisation on in the firmware, or nested virtualisation in the hypervisor above',
    ],
    [
      'KVM module',
      { exists: (path) => !path.startsWith('/sys/module') },
      'warn',
      'none known in /sys/module, but /dev/kvm is there',
      undefined,
    ],
    [
      '/dev/kvm',
      { openRefusal: () => 'ENOENT' },
      'warn',
      'does not exist',
      'load the KVM module, or pass the device into this container: docker run --device /dev/kvm',
    ],
    [
      '/dev/kvm',
      { openRefusal: () => 'EACCES' },
      'warn',
      'may not be opened by this user',
      'sudo usermod -aG kvm "$USER", then log in again',
    ],
    [
      '/dev/kvm',
      { openRefusal: () => 'EACCES', permissions: () => ({ gid: 0, mode: 0o20600 }) },
      'warn',
      'may not be opened by this user',
      'sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm && sudo usermod -aG kvm "$USER", then log in again',
    ],
    [
      '/dev/kvm',
      { openRefusal: () => 'EPERM' },
      'warn',
      'cannot be opened (EPERM)',
      'load the KVM module, or allow the device in this container',
    ],
    [
      'accelerators',
      { kernelSpeed: async (accel) => (accel === 'kvm' ? 4.6e6 : 285e6) },
      'warn',
      'KVM: 4.6 million kernel instructions a second; software CPU: 285 million kernel instructions a second; the software CPU serves best',
      '--accel software for 32-bit kernels, one CPU, less than 2 GiB; --accel kvm for the rest',
    ],
    [
      'accelerators',
      {},
      'ok',
      'KVM: 3000 million kernel instructions a second; software CPU: 3000 million kernel instructions a second; KVM serves best',
      undefined,
    ],
    [
      'accelerators',
      { kernelSpeed: (accel) => (accel === 'kvm' ? Promise.reject(new Error('none')) : Promise.resolve(285e6)) },
      'ok',
      'software CPU: 285 million kernel instructions a second; KVM is not to be had',
      undefined,
    ],
    [
      'accelerators',
      { kernelSpeed: () => Promise.reject(new Error('none')) },
      'bad',
      'neither KVM nor the software CPU executes guest code',
      'npm ci, and see /dev/kvm above',
    ],
    ['group of /dev/kvm', {}, 'ok', 'kvm, and this user is in it', undefined],
    ['group of /dev/kvm', { groups: [1000] }, 'ok', 'kvm; this user is not in it, but has access', undefined],
    [
      'group of /dev/kvm',
      { groups: [1000], openRefusal: () => 'EACCES' },
      'warn',
      'kvm, and this user is not in it',
      'sudo usermod -aG kvm "$USER", then log in again',
    ],
    ['group of /dev/kvm', { uid: 0, groups: [0] }, 'ok', 'kvm; root needs no group', undefined],
    ['group of /dev/kvm', { permissions: () => undefined }, 'warn', 'there is no device', undefined],
    ['addon node-kvm', {}, 'ok', 'works; KVM API version 12', undefined],
    [
      'addon node-kvm',
      { kvmVersion: () => Promise.reject(MISSING_ADDON) },
      'warn',
      'is not built',
      'npm rebuild node-kvm node-hostfs',
    ],
    [
      'addon node-kvm',
      { kvmVersion: () => Promise.reject(new Error('wrong ELF class')) },
      'warn',
      'fails: wrong ELF class',
      'npm rebuild node-kvm node-hostfs',
    ],
    [
      'addon node-kvm',
      { kvmVersion: () => Promise.reject(new Error('open failed')), openRefusal: () => 'EACCES' },
      'ok',
      'is built; /dev/kvm is not to be had',
      undefined,
    ],
    [
      'addon node-hostfs',
      { loadHostfs: () => Promise.reject(new Error('node-hostfs: the native addon is not built.')) },
      'bad',
      'is not built',
      'npm rebuild node-kvm node-hostfs',
    ],
    [
      'cache',
      { writeRefusal: () => 'EROFS' },
      'bad',
      '/c/tsvmm cannot be written (EROFS)',
      'set TSVMM_CACHE to a directory that can be written',
    ],
    ['cache', {}, 'ok', '/c/tsvmm: kernel, root', undefined],
  ])('%s: %j', async (check, host, state, found, remedy) => {
    expect(await find(check, host)).toEqual({ check, state, found, ...(remedy === undefined ? {} : { remedy }) });
  });

  test('a kernel that is not built asks for packages and space', async () => {
    const lacking = {
      hasProgram: (name: string) => name !== 'gcc' && name !== 'xz',
      freeBytes: () => 2 ** 30,
      list: () => [],
    };
    expect(await find('guest kernel', lacking, UNBUILT)).toMatchObject({
      state: 'warn',
      remedy: 'npx tsvmm kernel build',
    });
    expect(await find('build packages', lacking, UNBUILT)).toEqual({
      check: 'build packages',
      state: 'bad',
      found: 'missing: gcc, xz',
      remedy: 'sudo apt-get install gcc xz-utils',
    });
    expect(await find('cache', lacking, UNBUILT)).toMatchObject({ state: 'warn', found: '/c/tsvmm: empty; 1G free' });
  });

  test('a kernel that is built asks for nothing', async () => {
    const lacking = { hasProgram: () => false, freeBytes: () => 0 };
    expect(await find('build packages', lacking)).toMatchObject({ state: 'ok' });
    expect(await find('cache', lacking)).toMatchObject({ state: 'ok' });
  });

  test('without recipes the reason is given', async () => {
    const finding = await find('guest kernel', {}, { ...UNBUILT, obstacle: 'no kernel-fixtures folder' });
    expect(finding).toEqual({ check: 'guest kernel', state: 'warn', found: 'no kernel-fixtures folder' });
  });

  test('a cache that is not there yet is judged by the nearest directory that is', async () => {
    const asked: string[] = [];
    await find('cache', {
      exists: (path) => path === '/c',
      writeRefusal: (path) => {
        asked.push(path);
        return undefined;
      },
    });
    expect(asked).toEqual(['/c']);
  });
});

describe('the verdict', () => {
  test('a sound host can run guests, kvm_pvm included', async () => {
    for (const exists of [intelOnly, () => true]) {
      expect(canRunGuests(await inspectHost({ ...SOUND, exists }, BUILT))).toBe(true);
    }
  });

  test('one bad finding is enough', async () => {
    expect(canRunGuests(await inspectHost({ ...SOUND, platform: 'darwin' }, BUILT))).toBe(false);
  });

  test('a host without KVM runs guests all the same', async () => {
    expect(canRunGuests(await inspectHost({ ...SOUND, openRefusal: () => 'ENOENT' }, BUILT))).toBe(true);
  });

  test('the table puts each remedy below what it mends', () => {
    const text = showFindings([
      { check: 'Node', state: 'ok', found: '20.11.0' },
      { check: '/dev/kvm', state: 'bad', found: 'does not exist', remedy: 'load the KVM module' },
    ]);
    expect(text).toBe(
      'ok    Node      20.11.0\n' +
        'BAD   /dev/kvm  does not exist\n' +
        '                -> load the KVM module\n' +
        '\nThis host cannot run guests until what is marked BAD is mended.\n',
    );
  });
});

test('the real host answers every check', async () => {
  const findings = await inspectHost(thisHost(), UNBUILT);
  expect(findings.length).toBeGreaterThan(10);
  expect(findings.find(({ check }) => check === 'Node')).toEqual({
    check: 'Node',
    state: 'ok',
    found: process.versions.node,
  });
  for (const { found } of findings) expect(found).not.toBe('');
}, 300_000);
