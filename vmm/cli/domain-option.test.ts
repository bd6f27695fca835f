import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './command-line.ts';
import type { RunRequest } from './run-request.ts';
import { refusal } from './test-support/refusal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-domain-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const file = join(scratch, 'domain.xml');
writeFileSync(
  file,
  `<domain type='qemu'>
  <memory unit='MiB'>128</memory>
  <vcpu>2</vcpu>
  <on_reboot>destroy</on_reboot>
  <os>
    <kernel>/k</kernel>
    <cmdline>from=file</cmdline>
  </os>
  <devices>
    <filesystem accessmode='mapped' fmode='0640'><source dir='/s'/><target dir='src'/></filesystem>
    <disk type='file'><source file='/i'/><target dev='vda' bus='virtio'/><serial>S1</serial></disk>
    <rng model='virtio'/>
    <sound model='ich9'/>
  </devices>
</domain>`,
);

function request(...args: string[]): RunRequest {
  const invocation = parseCommandLine(['run', '--domain', file, ...args], '0.0.0');
  if (invocation.kind !== 'run') throw new Error(`a ${invocation.kind}`);
  return invocation.request;
}

const SHARE = { path: '/s', securityModel: 'mapped-xattr', fmode: 0o640, mountTag: 'src' };
const NOTICE = `${file}:13: <sound> is left out: there is no sound`;

test('a domain is the configuration its options are', () => {
  expect(request()).toEqual({
    config: {
      accel: 'software',
      onReboot: 'end',
      kernel: '/k',
      append: 'from=file',
      memory: 128 * 2 ** 20,
      cpus: 2,
      shares: [SHARE],
      devices: [{ kind: 'disk', id: 'domain-disk0', path: '/i', format: 'raw', serial: 'S1' }, { kind: 'rng' }],
      cwd: '/mnt/src',
    },
    notices: [NOTICE],
  });
});

test('options beside it win over what it says once, and add to its lists', () => {
  const { config, command } = request(
    ...['-m', '1G', '--smp', '1', '--append', 'from=line', '--kernel', '/mine', '--accel', 'kvm'],
    ...['--virtfs', 'memory,mount_tag=more', '--mount', 'src=/srv', '--device', 'virtio-rng-device', '--', 'ls'],
  );
  expect(config).toMatchObject({ accel: 'kvm', kernel: '/mine', append: 'from=line', memory: 2 ** 30, cpus: 1 });
  expect(config.shares).toEqual([
    { driver: 'memory', mountTag: 'more' },
    { ...SHARE, mountAt: '/srv' },
  ]);
  expect(config.devices?.map(({ kind, virtio }) => [kind, virtio?.bus])).toEqual([
    ['disk', undefined],
    ['rng', undefined],
    ['rng', 'mmio'],
  ]);
  expect(command?.argv).toEqual(['ls']);
});

test('what executes the guest may be said in any way beside it', () => {
  expect(request('-machine', 'pc,accel=kvm').config.accel).toBe('kvm');
  expect(request('-enable-kvm').config.accel).toBe('kvm');
});

describe('refused', () => {
  mkdirSync(join(scratch, 'directory'));
  execFileSync('mkfifo', [join(scratch, 'fifo')]);
  writeFileSync(join(scratch, 'big'), ' '.repeat(2 ** 20 + 1));
  writeFileSync(join(scratch, 'broken'), '<domain>\n');
  const at = (name: string) => `run --domain ${join(scratch, name)}`;

  test.each<[string, string]>([
    [at('none'), `--domain: ${scratch}/none does not exist; correct the path`],
    [at('directory'), `--domain: ${scratch}/directory is not a file; virsh dumpxml NAME > FILE makes one`],
    [at('fifo'), `--domain: ${scratch}/fifo is not a file; virsh dumpxml NAME > FILE makes one`],
    [at('big'), `--domain: ${scratch}/big has 1048577 bytes; a domain has at most 1048576`],
    [at('broken'), `${scratch}/broken:2: unclosed tag: domain`],
    ['run --domain=', '--domain is empty; name a file'],
    [`run --domain ${file} --domain ${file}`, '--domain is given twice; give it once'],
    [
      `run --domain ${file} --virtfs memory,mount_tag=src`,
      '--device: mount_tag=src is given twice; each share needs a tag of its own',
    ],
    [
      `run --domain ${file} --append root=/dev/vda -- ls`,
      "--append: root= brings a process 1 of its own, and COMMAND, --mount and --cwd are for tsvmm's; leave out one or the other",
    ],
  ])('%s', (line, expected) => {
    expect(refusal(line)).toBe(expected);
  });
});
