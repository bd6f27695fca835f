import { describe, expect, test } from '@jest/globals';
import { P9_KEYS } from './device.ts';
import { FSDEV_DRIVERS, fsdevTable, virtfsTable } from './fsdev.ts';
import { columns, markdown, referenceOf } from './reference.ts';
import { MON } from './sockets.ts';
import { VIRTIO_PCI_KEYS } from './virtio-keys.ts';

const FSDEV_LOCAL = fsdevTable('local');
const VIRTFS_LOCAL = virtfsTable('local');

describe("QEMU's 9psetup page", () => {
  test('every name of -fsdev and -virtfs is known', () => {
    const limits = ['bps-total', 'bps-read', 'bps-write', 'iops-total', 'iops-read', 'iops-write'];
    const throttling = limits.flatMap((limit) => [limit, `${limit}-max`, `${limit}-max-length`]);
    const names = [
      ...['id', 'path', 'security_model', 'writeout', 'readonly', 'fmode', 'dmode', 'multidevs'],
      ...[...throttling, 'iops-size'].map((name) => `throttling.${name}`),
    ];
    const ours = ['quota.bytes', 'quota.inodes', 'uid_map', 'gid_map', 'counters'];
    expect(Object.keys(FSDEV_LOCAL).sort()).toEqual([...names, ...ours].sort());
    expect(Object.keys(VIRTFS_LOCAL).sort()).toEqual([...names, ...ours, 'mount_tag'].sort());
    expect(Object.keys(FSDEV_DRIVERS)).toEqual(['local', 'memory', 'synth', 'exports', 'proxy']);
    const proxy = ['readonly', 'sock_fd', 'socket', 'writeout'];
    expect(Object.keys(fsdevTable('proxy'))).toEqual(expect.arrayContaining(['id', ...proxy]));
    expect(VIRTFS_LOCAL.security_model?.type.notation.split('|').sort()).toEqual(
      ['mapped', 'mapped-file', 'mapped-xattr', 'none', 'passthrough'].sort(),
    );
    expect(VIRTFS_LOCAL.multidevs?.type.notation).toBe('warn|remap|forbid');
  });

  test('every name of -device virtio-9p-pci is known', () => {
    for (const name of [
      'id',
      'fsdev',
      'mount_tag',
      'addr',
      'vectors',
      'ioeventfd',
      'disable-legacy',
      'disable-modern',
    ]) {
      expect(Object.keys({ ...P9_KEYS, ...VIRTIO_PCI_KEYS })).toContain(name);
    }
  });
});

describe('the reference', () => {
  const lines = referenceOf(VIRTFS_LOCAL);

  test('says what is required and what is not there yet', () => {
    expect(lines.find(({ written }) => written === 'path=PATH')?.meaning).toBe('the directory to share; required');
    const monitor = referenceOf(MON);
    expect(monitor.find(({ written }) => written.startsWith('pretty='))?.meaning).toBe('indented answers; not yet: on');
    expect(lines.filter(({ written }) => written.startsWith('throttling'))).toHaveLength(1);
  });

  test('Markdown cells hide the bar', () => {
    expect(markdown(lines, ['key', 'meaning'])).toContain('| `readonly=on\\|off` | on: the guest');
    expect(markdown(lines, ['key', 'meaning']).split('\n')[1]).toBe('|---|---|');
  });

  test('columns wrap', () => {
    const text = columns(
      [
        { written: 'a=B', meaning: 'one two three' },
        { written: 'c', meaning: 'x' },
      ],
      14,
    );
    expect(text).toBe('  a=B  one two\n       three\n  c    x');
  });
});
