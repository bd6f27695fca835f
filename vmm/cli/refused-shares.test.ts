import { describe, expect, test } from '@jest/globals';
import { type Refused, refusal, SHARE } from './test-support/refusal.ts';

const REFUSED: readonly Refused[] = [
  [
    'run --virtfs local,path=.,mount_tag=éééééééééééééééé',
    "--virtfs: mount_tag: 'éééééééééééééééé' is 32 bytes long; at most 31 fit",
  ],
  [
    'run --virtfs local,path=.,mount_tag=tsvmm.root',
    "--virtfs: mount_tag: 'tsvmm.root' begins with 'tsvmm.', as only the machine's own do; choose another",
  ],
  ['run --virtfs local,path=.,mount_tga=host', "--virtfs: unknown option 'mount_tga'; did you mean mount_tag?"],
  ['run --virtfs local,path=.,path=..,mount_tag=host', '--virtfs: path is given twice'],
  ['run --virtfs local,path=.,mount_tag=host,readonly=on,readonly=off', '--virtfs: readonly is given twice'],
  ['run --virtfs local,path=.,mount_tag=host,readonly=maybe', "--virtfs: readonly: 'maybe' is neither on nor off"],
  ['run --virtfs local,path=.,mount_tag=host,raedonly', "--virtfs: unknown option 'raedonly'; did you mean readonly?"],
  [
    'run --virtfs local,path=/srv/a,b,mount_tag=host',
    "--virtfs: unknown option 'b'; a comma inside a value is written twice: path=/srv/a,,b",
  ],
  ['run --virtfs local,,path=.,mount_tag=host', '--virtfs: one comma follows the driver: write local,path=.'],
  ['run --virtfs local,path=.,mount_tag=host,', '--virtfs: there is a comma too many'],
  ['run --virtfs local,path=.,=x,mount_tag=host', "--virtfs: '=x' lacks the name before it"],
  [
    'run --virtfs local,path=.,mount_tag=host,colour=green',
    "--virtfs: unknown option 'colour'; the options are id, mount_tag, path, security_model, readonly, writeout, multidevs, fmode, dmode, quota.*, uid_map, gid_map, counters, throttling.*",
  ],
  ['run --virtfs local,path=.,mount_tag=host,socket=/s', '--virtfs: socket belongs to driver proxy, not to local'],
  [
    'run --virtfs local,path=.,mount_tag=host,security_model=passthru',
    "--virtfs: security_model: 'passthru' is unknown; the values are none, passthrough, mapped-xattr, mapped-file, mapped",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,security_model=everything',
    "--virtfs: security_model: 'everything' is unknown; the values are none, passthrough, mapped-xattr, mapped-file, mapped",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,writeout=later',
    "--virtfs: writeout: 'later' is unknown; the only value is immediate",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,multidevs=yes',
    "--virtfs: multidevs: 'yes' is unknown; the values are warn, remap, forbid",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,fmode=0644',
    '--virtfs: fmode goes with the mapped security models alone; leave it out, or add security_model=mapped-xattr',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,fmode=rw',
    "--virtfs: fmode: 'rw' is no file mode; write it in octal, like 0600",
  ],
  [
    'run --fsdev local,id=a,path=.,security_model=none,dmode=0755 --device virtio-9p-pci,fsdev=a,mount_tag=host',
    '--fsdev: dmode goes with the mapped security models alone; leave it out, or add security_model=mapped-xattr',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.bps-total=1000,throttling.bps-read=10',
    '--virtfs: bps-total and bps-read cannot go together; give the total, or read and write',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.iops-read-max-length=5',
    '--virtfs: iops-read-max-length is the length of a burst; add iops-read-max=N, the rate in it',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.bps-totl=1000',
    "--virtfs: unknown option 'throttling.bps-totl'; did you mean throttling.bps-total?",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.bps-total-max=1000',
    '--virtfs: bps-total-max is the rate in a burst; add bps-total=N, the rate after',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.bps-read=10,throttling.bps-read-max=9',
    '--virtfs: bps-read-max is below bps-read; it is the higher one',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.iops-size=512',
    '--virtfs: iops-size says how operations are counted, and none are limited; add iops-total=N',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,throttling.iops-write=9999999999999999',
    '--virtfs: throttling.iops-write 9999999999999999 is out of range; it goes from 0 to 1000000000000000',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,quota.bytes=lots',
    "--virtfs: quota.bytes: 'lots' is no size; write it like 512M or 2G",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,quota.inodes=0',
    '--virtfs: quota.inodes 0 is out of range; it goes from 1 to 9007199254740991',
  ],
  ['run --virtfs synth,mount_tag=host,quota.bytes=1M', '--virtfs: quota.bytes belongs to driver local, not to synth'],
  [
    'run --virtfs local,path=.,mount_tag=host,uid_map=0-1000',
    "--virtfs: uid_map: '0-1000' is no range; write it like 0:1000:1",
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,gid_map=0:0:10+5:100:1',
    "--virtfs: gid_map: '0:0:10+5:100:1': 0:0:10 and 5:100:1 overlap inside; each number can be in one range only",
  ],
  [
    'run --virtfs exports,mount_tag=host,of=src',
    '--virtfs: of: no --fsdev has id=src; add --fsdev local,id=src,path=PATH',
  ],
  [
    'run --virtfs exports,mount_tag=host,of=scr --fsdev local,id=src,path=.',
    '--virtfs: of: no --fsdev has id=scr; did you mean src?',
  ],
  [
    'run --virtfs exports,mount_tag=host,of=src,default=doc --fsdev local,id=src,path=.',
    '--virtfs: default=doc is none of the exports; they are src',
  ],
  [
    'run --virtfs exports,mount_tag=host,of=all --fsdev exports,id=all,of=src --fsdev local,id=src,path=.',
    '--virtfs: of: all is several exports itself; name those',
  ],
  ['run --virtfs exports,mount_tag=host,of=a+a', "--virtfs: of: 'a+a' has two exports called 'a'"],
  ['run --virtfs exports,mount_tag=host,of=:a', "--virtfs: of: ':a' lacks the aname before the colon"],
  [
    'run --virtfs exports,mount_tag=host,of=src --fsdev local,id=src,path=.,counters=on',
    '--virtfs: of: src has counters of its own; write counters=on behind exports instead, which counts all',
  ],
  [
    'run --fsdev memory,id=m,quota.bytes=1M --device virtio-9p-pci,fsdev=m,mount_tag=a --device virtio-9p-pci,fsdev=m,mount_tag=b',
    '--fsdev: id=m has limits and is used twice; give each device an --fsdev of its own',
  ],
  [
    'run --virtfs local,path=.,mount_tag=host,id=9p',
    "--virtfs: id: '9p' is no identifier; it is a letter, then letters, digits, '-', '.' or '_'",
  ],
  [`run ${SHARE} ${SHARE}`, '--virtfs: mount_tag=host is given twice; each share needs a tag of its own'],
  [
    `run ${SHARE} --virtfs local,path=..,mount_tag=other,id=a --virtfs local,path=..,mount_tag=more,id=a`,
    '--virtfs: id=a is given twice; each device needs a name of its own',
  ],
  ['run --fsdev local,path=.', '--fsdev: id is missing; add id=ID'],
  [
    'run --fsdev local,id=fs0,path=.',
    '--fsdev: no --device uses id=fs0; add --device virtio-9p-pci,fsdev=fs0,mount_tag=TAG',
  ],
  [
    'run --fsdev local,id=fs0,path=.,mount_tag=host',
    '--fsdev: mount_tag belongs to the device: --device virtio-9p-pci,fsdev=ID,mount_tag=TAG',
  ],
  ['run --fsdev local,id=fs0,path=. --fsdev local,id=fs0,path=..', '--fsdev: id=fs0 is given twice'],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host',
    '--device: fsdev=fs0 names no --fsdev; add --fsdev local,id=fs0,path=PATH',
  ],
  [
    'run --fsdev local,id=fs0,path=. --device virtio-9p-pci,fsdev=fs1,mount_tag=host',
    '--device: fsdev=fs1 names no --fsdev; did you mean fs0?',
  ],
  [
    'run --fsdev local,id=fs0,path=. --device virtio-9p-pci,fsdev=shared,mount_tag=host',
    '--device: fsdev=shared names no --fsdev; the only id is fs0',
  ],
  [
    'run --fsdev local,id=fs0,path=. --device virtio-9p-pci,fsdev=fs0',
    '--device: mount_tag is missing; add mount_tag=TAG',
  ],
  ['run --fsdev local,id=fs0,path=. --device virtio-9p-pci,mount_tag=host', '--device: fsdev is missing; add fsdev=ID'],
  [
    'run --fsdev local,id=fs0,path=. --device virtio-9p-pci,fsdev=fs0,mount_tag=host,path=.',
    '--device: path belongs to the --fsdev behind the device; write it there',
  ],
  [
    'run --fsdev local,id=fs0,path=. --device fsdev=fs0,mount_tag=host',
    "--device: begins with 'fsdev=' instead of a device; write virtio-9p-pci,fsdev=fs0,mount_tag=host",
  ],
  ['run --device {}', '--device: lacks the device it begins with; write virtio-9p-pci,fsdev=ID,mount_tag=TAG'],
  [
    'run --device virtio-9p-cpi,fsdev=fs0,mount_tag=host',
    "--device: unknown device 'virtio-9p-cpi'; did you mean virtio-9p-pci?",
  ],
  ['run --device e1000', "--device: unknown device 'e1000'; tsvmm has virtio-9p-pci"],
  ['run --device virtio-net-pci', '--device: virtio-net-pci is not supported; leave it out'],
  [
    'run --device virtio-9p-ccw,fsdev=fs0,mount_tag=host',
    '--device: virtio-9p-ccw is for channel I/O, which exists on s390x only; use virtio-9p-pci',
  ],
  [
    'run --device virtio-9p-device,fsdev=fs0,mount_tag=host,force-legacy=on,packed=on',
    '--device: packed=on needs the interface of virtio 1.x; leave force-legacy out',
  ],
  [
    'run --device virtio-9p-device,fsdev=fs0,mount_tag=host,vectors=2',
    "--device: unknown option 'vectors'; the options are fsdev, mount_tag, poll-us, id, force-legacy, ioeventfd, packed, indirect_desc, event_idx, in_order, queue_reset, notification_data",
  ],
  [
    'run --device virtio-9p-device,fsdev=fs0,mount_tag=host,disable-legacy=on',
    "--device: unknown option 'disable-legacy'; the options are fsdev, mount_tag, poll-us, id, force-legacy, ioeventfd, packed, indirect_desc, event_idx, in_order, queue_reset, notification_data",
  ],
  ['run --device virtio-9p-device,fsdev=fs0', '--device: mount_tag is missing; add mount_tag=TAG'],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,force-legacy=on',
    "--device: unknown option 'force-legacy'; the options are fsdev, mount_tag, poll-us, id, addr, vectors, disable-legacy, disable-modern, ioeventfd, packed, indirect_desc, event_idx, in_order, queue_reset, notification_data",
  ],
  [
    'run --device virtio-rng-ccw',
    '--device: virtio-rng-ccw is for channel I/O, which exists on s390x only; use virtio-rng-pci',
  ],
  ['run --device virtio-rng-pci,rng=r0', "--device: rng is not supported yet; leave it out for the host's kernel"],
  ['run --device virtio-rng-pci,max-bytes=1024', '--device: max-bytes is not supported yet; leave it out'],
  [
    'run --device virtio-rng-pci-transitional,disable-modern=on',
    '--device: disable-modern goes with virtio-rng-pci; the name virtio-rng-pci-transitional decides that already',
  ],
  ['run --device virtio-rgn-pci', "--device: unknown device 'virtio-rgn-pci'; did you mean virtio-rng-pci?"],
  [
    'run --global virtio-mmio.force-legacy=on',
    "--global: 'virtio-mmio.force-legacy=on' is not supported; write force-legacy=on at each virtio-mmio device",
  ],
  [
    'run -global virtio-9p-pci.vectors=4',
    "--global: 'virtio-9p-pci.vectors=4' is not supported; write the property at each device",
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,addr=20.0',
    '--device: addr 20.0 is out of range; slots go to 1f, functions to 7',
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,poll-us=10001',
    '--device: poll-us 10001 is out of range; it goes from 0 to 10000',
  ],
  ['run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,poll-us=1ms', "--device: poll-us: '1ms' is no whole number"],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,vectors=2049',
    '--device: vectors 2049 is out of range; it goes from 0 to 2048',
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,disable-legacy=maybe',
    "--device: disable-legacy: 'maybe' is unknown; the values are on, off, auto",
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,disable-legacy=on,disable-modern=on',
    '--device: disable-legacy=on and disable-modern=on leave no interface; leave one of them out',
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,disable-modern=on,packed=on',
    '--device: packed=on needs the interface of virtio 1.x; leave disable-modern out',
  ],
  ...['in_order', 'queue_reset', 'notification_data'].map((key): [string, string] => [
    `run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,disable-modern=on,${key}=on`,
    `--device: ${key}=on needs the interface of virtio 1.x; leave disable-modern out`,
  ]),
  [
    'run --device virtio-9p-pci-transitional,fsdev=fs0,mount_tag=host,disable-legacy=off',
    '--device: disable-legacy goes with virtio-9p-pci; the name virtio-9p-pci-transitional decides that already',
  ],
  [
    'run --device virtio-9p-pci,fsdev=fs0,mount_tag=host,vectros=2',
    "--device: unknown option 'vectros'; did you mean vectors?",
  ],
  [
    `run ${SHARE} --fsdev local,id=fs0,path=.. --device virtio-9p-pci,fsdev=fs0,mount_tag=host`,
    '--device: mount_tag=host is given twice; each share needs a tag of its own',
  ],
  ['run --mount host=/x', "--mount: no share has the tag 'host'; add --virtfs local,path=DIR,mount_tag=TAG"],
  [`run ${SHARE} --mount host`, "--mount: 'host' lacks a path; write TAG=PATH"],
  [`run ${SHARE} --mount hots=/x`, "--mount: no share has the tag 'hots'; did you mean host?"],
  [`run ${SHARE} --mount elsewhere=/x`, "--mount: no share has the tag 'elsewhere'; the only tag is host"],
  [`run ${SHARE} --mount host=x`, "--mount: 'x' is no absolute path; write host=/PATH, or host=none"],
  [`run ${SHARE} --mount host=`, "--mount: '' is no absolute path; write host=/PATH, or host=none"],
  [
    `run ${SHARE} --mount host=/`,
    "--mount: host=/ would cover the guest's root; boot from a directory with --root DIR",
  ],
  [`run ${SHARE} --mount host=/a/../b`, "--mount: /a/../b contains '..'; name the place itself"],
  [`run ${SHARE} --mount host=/a --mount host=/b`, '--mount: host is given twice'],
  [
    `run ${SHARE} --virtfs local,path=..,mount_tag=up --mount up=/mnt/host/`,
    '--mount: host and up would both be mounted at /mnt/host',
  ],
  [
    `run ${SHARE} --initrd a.cpio --mount host=/x`,
    "--mount: shares are mounted by tsvmm's own init; leave out --mount, or --init and --initrd",
  ],
];

describe('a share that cannot be is refused with one line that names cause and remedy', () => {
  test.each(REFUSED)('tsvmm %s', (line, expected) => {
    expect(refusal(line)).toBe(expected);
    expect(expected).not.toMatch(/\n/);
  });
});
