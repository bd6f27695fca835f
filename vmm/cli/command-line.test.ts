import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './command-line.ts';
import { SHARE, words } from './test-support/refusal.ts';

/** What `--trace` means by itself. */
const PLAIN = { language: 'lines', choice: {} };
const HOST = { path: '.', mountTag: 'host' };

const GOOD: readonly (readonly [line: string, request: unknown])[] = [
  ['run', { config: { shares: [] } }],
  [`run ${SHARE}`, { config: { cwd: '/mnt/host', shares: [HOST] } }],
  [
    'run -virtfs local,path=.,mount_tag=host,security_model=none,id=hostshare,readonly=on',
    { config: { cwd: '/mnt/host', shares: [{ ...HOST, securityModel: 'none', id: 'hostshare', readonly: true }] } },
  ],
  [
    'run --virtfs=local,path=.,mount_tag=host,readonly',
    { config: { cwd: '/mnt/host', shares: [{ ...HOST, readonly: true }] } },
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,readonly=off',
    { config: { cwd: '/mnt/host', shares: [{ ...HOST, readonly: false }] } },
  ],
  ['run --virtfs fsdriver=local,path=.,mount_tag=host', { config: { cwd: '/mnt/host', shares: [HOST] } }],
  [
    'run --virtfs memory,mount_tag=host,quota.bytes=1M,quota.inodes=10',
    {
      config: {
        cwd: '/mnt/host',
        shares: [{ driver: 'memory', mountTag: 'host', quota: { bytes: 2 ** 20, inodes: 10 } }],
      },
    },
  ],
  [
    'run --virtfs synth,mount_tag=host,readonly,counters',
    {
      config: {
        cwd: '/mnt/host',
        shares: [{ driver: 'synth', mountTag: 'host', readonly: true, counters: true }],
      },
    },
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,uid_map=0:1000:1+1:100000:65535,gid_map=0:1000:1',
    {
      config: {
        cwd: '/mnt/host',
        shares: [
          {
            ...HOST,
            uidMap: [
              { inside: 0, outside: 1000, count: 1 },
              { inside: 1, outside: 100_000, count: 65_535 },
            ],
            gidMap: [{ inside: 0, outside: 1000, count: 1 }],
          },
        ],
      },
    },
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.bps-total=1000,throttling.bps-total-max=5000,throttling.bps-total-max-length=3,throttling.iops-read=7,throttling.iops-size=4096',
    {
      config: {
        cwd: '/mnt/host',
        shares: [
          {
            ...HOST,
            throttling: {
              bps: { total: { rate: 1000, burst: 5000, burstSeconds: 3 } },
              iops: { read: { rate: 7 } },
              iopsSize: 4096,
            },
          },
        ],
      },
    },
  ],
  [
    'run --virtfs exports,mount_tag=host,of=/srv/doc:doc+src,default=src,counters --fsdev local,id=doc,path=/d,readonly --fsdev memory,id=src',
    {
      config: {
        cwd: '/mnt/host',
        shares: [
          {
            driver: 'exports',
            exports: { '/srv/doc': { path: '/d', readonly: true }, src: { driver: 'memory' } },
            byDefault: 'src',
            counters: true,
            mountTag: 'host',
          },
        ],
      },
    },
  ],
  [
    'run --device virtio-9p-pci,fsdev=all,mount_tag=host --fsdev exports,id=all,of=src --fsdev memory,id=src',
    {
      config: {
        cwd: '/mnt/host',
        shares: [{ driver: 'exports', exports: { src: { driver: 'memory' } }, byDefault: 'src', mountTag: 'host' }],
      },
    },
  ],
  [
    'run --virtfs {local,path=/a b,,c=d,mount_tag=host}',
    { config: { cwd: '/mnt/host', shares: [{ path: '/a b,c=d', mountTag: 'host' }] } },
  ],
  [
    'run --virtfs local,path=/,mount_tag=abcdefghijklmnopqrstuvwxyz01234',
    {
      config: {
        cwd: '/mnt/abcdefghijklmnopqrstuvwxyz01234',
        shares: [{ path: '/', mountTag: 'abcdefghijklmnopqrstuvwxyz01234' }],
      },
    },
  ],
  [
    'run --virtfs local,path=/,mount_tag=/dev/root',
    { config: { shares: [{ path: '/', mountTag: '/dev/root', mountAt: false }] } },
  ],
  [
    `run ${SHARE} --mount host=//srv/./data/`,
    { config: { cwd: '/srv/data', shares: [{ ...HOST, mountAt: '/srv/data' }] } },
  ],
  [`run ${SHARE} --mount host=none`, { config: { shares: [{ ...HOST, mountAt: false }] } }],
  [
    'run --virtfs local,path=.,mount_tag=a --virtfs local,path=..,mount_tag=a=b --mount a=b=/x',
    {
      config: {
        cwd: '/mnt/a',
        shares: [
          { path: '.', mountTag: 'a' },
          { path: '..', mountTag: 'a=b', mountAt: '/x' },
        ],
      },
    },
  ],
  [
    'run -fsdev local,security_model=passthrough,id=fs0,path=/srv -device virtio-9p-pci,id=nine,fsdev=fs0,mount_tag=srv',
    {
      config: {
        cwd: '/mnt/srv',
        shares: [{ path: '/srv', mountTag: 'srv', securityModel: 'passthrough', id: 'nine' }],
      },
    },
  ],
  [
    'run --device virtio-9p-pci,fsdev=f,mount_tag=one,disable-legacy=on,disable-modern=off,ioeventfd=off,vectors=0,packed=on,indirect_desc=off,event_idx=off,in_order=on,queue_reset=off,notification_data=on --device virtio-9p,fsdev=f,mount_tag=two,poll-us=0 --fsdev local,id=f,path=/srv --device virtio-9p-pci-non-transitional,fsdev=f,mount_tag=three,poll-us=50 --device virtio-9p-pci-transitional,fsdev=f,mount_tag=four --device virtio-9p-pci,fsdev=f,mount_tag=five,disable-legacy=auto,disable-modern=on',
    {
      config: {
        cwd: '/mnt/one',
        shares: [
          {
            path: '/srv',
            mountTag: 'one',
            virtio: {
              legacy: false,
              modern: true,
              vectors: 0,
              ioeventfd: false,
              packed: true,
              indirectDesc: false,
              eventIdx: false,
              inOrder: true,
              queueReset: false,
              notificationData: true,
            },
          },
          { path: '/srv', mountTag: 'two', virtio: { pollUs: 0 } },
          { path: '/srv', mountTag: 'three', virtio: { legacy: false, modern: true, pollUs: 50 } },
          { path: '/srv', mountTag: 'four', virtio: { legacy: true, modern: true } },
          { path: '/srv', mountTag: 'five', virtio: { legacy: true, modern: false } },
        ],
      },
    },
  ],
  [
    'run --device virtio-9p-device,fsdev=f,mount_tag=one --device virtio-9p-device,fsdev=f,mount_tag=two,id=old,force-legacy=on,ioeventfd=off --device virtio-9p-device,fsdev=f,mount_tag=three,packed=on,indirect_desc=off,event_idx=off --fsdev local,id=f,path=/srv -global virtio-mmio.force-legacy=false',
    {
      config: {
        cwd: '/mnt/one',
        shares: [
          { path: '/srv', mountTag: 'one', virtio: { bus: 'mmio' } },
          { path: '/srv', mountTag: 'two', id: 'old', virtio: { bus: 'mmio', legacy: true, ioeventfd: false } },
          {
            path: '/srv',
            mountTag: 'three',
            virtio: { bus: 'mmio', packed: true, indirectDesc: false, eventIdx: false },
          },
        ],
      },
    },
  ],
  [
    'run --device virtio-rng-pci --device virtio-rng,id=r,vectors=0 --device virtio-rng-pci-non-transitional,packed=on --device virtio-rng-device,force-legacy=off --global virtio-mmio.force-legacy=off',
    {
      config: {
        shares: [],
        devices: [
          { kind: 'rng' },
          { kind: 'rng', id: 'r', virtio: { vectors: 0 } },
          { kind: 'rng', virtio: { legacy: false, modern: true, packed: true } },
          { kind: 'rng', virtio: { bus: 'mmio', legacy: false } },
        ],
      },
    },
  ],
  ['run -m 256M', { config: { shares: [], memory: 268_435_456 } }],
  ['run -m 512', { config: { shares: [], memory: 536_870_912 } }],
  ['run -m512', { config: { shares: [], memory: 536_870_912 } }],
  ['run -m 1.5g', { config: { shares: [], memory: 1_610_612_736 } }],
  ['run --memory=size=1G', { config: { shares: [], memory: 1_073_741_824 } }],
  ['run -memory 262144K', { config: { shares: [], memory: 268_435_456 } }],
  ['run -smp 2', { config: { shares: [], cpus: 2 } }],
  ['run --smp cpus=16', { config: { shares: [], cpus: 16 } }],
  [
    'run -kernel bzImage -initrd a.cpio -append {root=/dev/ram0 -- quiet}',
    { config: { shares: [], kernel: 'bzImage', initrd: 'a.cpio', append: 'root=/dev/ram0 -- quiet' } },
  ],
  ['run --append -kernel', { config: { shares: [], append: '-kernel' } }],
  ['run --append {}', { config: { shares: [], append: '' } }],
  [
    'run --root /srv/debian,readonly=off,security_model=passthrough --init /sbin/init',
    {
      config: {
        shares: [],
        root: { path: '/srv/debian', readonly: false, securityModel: 'passthrough', init: '/sbin/init' },
      },
    },
  ],
  ['run --root a=b', { config: { shares: [], root: { path: 'a=b' } } }],
  ['run --root readonly', { config: { shares: [], root: { path: 'readonly' } } }],
  ['run --dry-run', { config: { shares: [] }, dryRun: 'text' }],
  ['run -dry-run json', { config: { shares: [] }, dryRun: 'json' }],
  ['run --trace', { config: { shares: [] }, trace: PLAIN }],
  [
    'run --trace 9p.log --verbose --verbose',
    { config: { shares: [], verbose: true }, trace: { ...PLAIN, file: '9p.log' } },
  ],
  ['run --record run.rec', { config: { shares: [] }, record: 'run.rec' }],
  ['run --trace -verbose', { config: { shares: [], verbose: true }, trace: PLAIN }],
  ['run --trace -- ls', { config: { shares: [] }, trace: PLAIN, command: { argv: ['ls'], env: {} } }],
  [`run ${SHARE} --cwd /tmp`, { config: { shares: [HOST], cwd: '/tmp' } }],
  [
    `run ${SHARE} --env A=1 --env B= --env __proto__=x -- sh -c {echo $A} --help -- -m`,
    {
      config: { shares: [HOST] },
      command: {
        argv: ['sh', '-c', 'echo $A', '--help', '--', '-m'],
        env: Object.fromEntries([
          ['A', '1'],
          ['B', ''],
          ['__proto__', 'x'],
        ]),
        cwd: '/mnt/host',
      },
    },
  ],
  [`run ${SHARE} --cwd / -- ls`, { config: { shares: [HOST] }, command: { argv: ['ls'], env: {}, cwd: '/' } }],
  [
    'run -nographic -enable-kvm -accel kvm -machine q35,accel=kvm,usb=off -M pc -cpu host -no-reboot -nodefaults -no-user-config -name guest -display none -vga none -serial mon:stdio -monitor none -net none -nic none',
    { config: { shares: [], accel: 'kvm', onReboot: 'end' } },
  ],
  ['run --accel software', { config: { shares: [], accel: 'software' } }],
  ['run -accel tcg --accel=software', { config: { shares: [], accel: 'software' } }],
  ['run -M pc,accel=auto', { config: { shares: [], accel: 'auto' } }],
];

describe('good command lines', () => {
  test.each(GOOD)('tsvmm %s', (line, request) => {
    expect(parseCommandLine(words(line), '0.0.0')).toEqual({ kind: 'run', request });
  });

  test('kernel and doctor', () => {
    expect(parseCommandLine(['kernel', 'path'], '0.0.0')).toEqual({
      kind: 'kernel',
      action: 'path',
      arch: 'x86_64',
      downloads: false,
    });
    expect(parseCommandLine(['kernel', 'build', '--arch', 'i386'], '0.0.0')).toMatchObject({
      action: 'build',
      arch: 'i386',
    });
    expect(parseCommandLine(['doctor'], '0.0.0')).toEqual({ kind: 'doctor', json: false });
    expect(parseCommandLine(['doctor', '--json'], '0.0.0')).toEqual({ kind: 'doctor', json: true });
  });

  test.each([['--version'], ['-version']])('%s', (option) => {
    expect(parseCommandLine([option], '1.2.3')).toEqual({ kind: 'text', text: '1.2.3\n' });
  });
});

describe('help', () => {
  const helpOf = (...args: string[]): string => {
    const invocation = parseCommandLine(args, '0.0.0');
    return invocation.kind === 'text' ? invocation.text : '';
  };

  test.each([['--help'], ['-help'], ['-h'], ['help']])('tsvmm %s lists the commands', (option) => {
    for (const word of ['run', 'kernel', 'doctor', 'Examples:', '/mnt/host']) expect(helpOf(option)).toContain(word);
  });

  test.each([['--help'], ['-help'], ['-h']])('tsvmm run %s lists options, keys and statuses', (option) => {
    const help = helpOf('run', option);
    for (const word of [
      '-m, --memory <SIZE>',
      '--virtfs <SHARE>',
      'security_model=none|passthrough|mapped-xattr',
      'Ctrl-A x',
      'the guest kernel panicked',
      '128+N',
      '-enable-kvm',
    ]) {
      expect(help).toContain(word);
    }
  });

  test('no line is longer than 110 columns', () => {
    for (const args of [['--help'], ['run', '--help'], ['kernel', '--help'], ['doctor', '--help']]) {
      expect(
        helpOf(...args)
          .split('\n')
          .filter((line) => line.length > 110),
      ).toEqual([]);
    }
  });
});
