import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './command-line.ts';
import { type Refused, refusal } from './test-support/refusal.ts';

const REFUSED: readonly Refused[] = [
  ['run --drive if=virtio', '--drive: file is missing; add file=FILE'],
  [
    'run --drive x.img',
    "--drive: unknown option 'x.img'; the options are file, if, id, file.*, auto-read-only, readonly, format, media, cache, discard, aio, index, snapshot",
  ],
  ['run --drive file=x.img,if=ide', '--drive: if=ide is not supported yet; use virtio'],
  ['run --drive file=x.img,if=none', '--drive: if=none needs a name; add id=ID, and --device virtio-blk-pci,drive=ID'],
  ['run --drive file=x.img,if=none,id=d0', '--drive: id=d0 is used by no device; add --device virtio-blk-pci,drive=d0'],
  [
    'run --drive file=x.img,format=qcow2',
    '--drive: format=qcow2 is not supported yet; convert the image with qemu-img convert -O raw',
  ],
  ['run --drive file=x.img,media=cdrom', '--drive: media=cdrom is not supported yet; use disk with readonly=on'],
  [
    'run --drive file=x.img,snapshot=on',
    '--drive: snapshot=on is not supported yet; work on a copy: cp --reflink=auto',
  ],
  ['run --drive file=x.img,serial=7', '--drive: serial belongs to the --device with drive=ID'],
  [
    'run --drive file=x.img,id=d0 --drive file=y.img,id=d0',
    '--drive: id=d0 is given twice; each drive needs a name of its own',
  ],
  ['run --device virtio-blk-pci', '--device: drive is missing; add drive=ID'],
  ['run --device virtio-blk-pci,drive=d0', '--device: drive d0 does not exist; add --drive if=none,id=d0,file=FILE'],
  [
    'run --device virtio-blk-pci,drive=d0,file=x',
    '--device: file belongs to the --drive behind the device; write it there',
  ],
  [
    'run --drive file=x.img,id=d0 --device virtio-blk-pci,drive=d0',
    '--device: drive d0 is the disk of another device already, or one by itself; give it if=none and one device',
  ],
  [
    'run --drive if=none,file=x.img,id=d0 --device virtio-blk-pci,drive=d0 --device virtio-blk-device,drive=d0',
    '--device: drive d0 is the disk of another device already, or one by itself; give it if=none and one device',
  ],
  [
    'run --drive if=none,file=x.img,id=d0 --device virtio-blk-pci,drive=d0,serial=123456789012345678901',
    "--device: serial: '123456789012345678901' is no serial number; it is 1 to 20 characters of ASCII",
  ],
  [
    'run --device virtio-blk-ccw,drive=d0',
    '--device: virtio-blk-ccw is for channel I/O, which exists on s390x only; use virtio-blk-pci',
  ],
  ['run --append root=/dev/vda --root /srv', '--append: root= and --root are two roots; leave out one of them'],
  [
    'run --append root=/dev/vda -- ls',
    "--append: root= brings a process 1 of its own, and COMMAND, --mount and --cwd are for tsvmm's; leave out one or the other",
  ],
];

describe('a disk that cannot be is refused with one line that names cause and remedy', () => {
  test.each(REFUSED)('tsvmm %s', (line, expected) => {
    expect(refusal(line)).toBe(expected);
    expect(expected).not.toMatch(/\n/);
  });
});

function devicesOf(line: string) {
  const invocation = parseCommandLine(line.split(' '), '0');
  return invocation.kind === 'run' ? invocation.request.config.devices : undefined;
}

describe('disks of a command line', () => {
  test('are those of --drive first, then those of --device, each with its drive', () => {
    const line =
      'run -drive if=none,id=b,file=b.img,readonly=on,cache=none -device virtio-blk-pci,drive=b,serial=B7,disable-legacy=on ' +
      '-drive file=a.img,if=virtio,format=raw,media=disk,discard=off,cache=unsafe --device virtio-rng-pci ' +
      '-drive if=none,file=c.img,id=c -device virtio-blk-device,drive=c,id=third,bootindex=1';
    expect(devicesOf(line)).toEqual([
      { kind: 'disk', path: 'a.img', format: 'raw', cache: 'unsafe', discard: 'ignore' },
      {
        kind: 'disk',
        path: 'b.img',
        id: 'b',
        readonly: true,
        cache: 'writeback',
        serial: 'B7',
        virtio: { legacy: false },
      },
      { kind: 'rng' },
      { kind: 'disk', path: 'c.img', id: 'third', virtio: { bus: 'mmio' } },
    ]);
  });

  test('need no if, and may have commas and equals signs in their names', () => {
    expect(devicesOf('run --drive=file=a,,b=c.img')).toEqual([{ kind: 'disk', path: 'a,b=c.img' }]);
  });
});
