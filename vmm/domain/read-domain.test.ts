import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../usage-error.ts';
import { readDomain } from './read-domain.ts';

const VIRT_INSTALL = readFileSync(new URL('testdata/virt-install.xml', import.meta.url), 'utf8');

const read = (inner: string, { attributes = '', hasKernel = true } = {}) =>
  readDomain(`<domain${attributes}>${inner}</domain>`, 'd.xml', hasKernel);
const devices = (inner: string) => read(`<devices>${inner}</devices>`);
const share = (inner = '', attributes = '') =>
  devices(`<filesystem ${attributes}><source dir='/s'/><target dir='t'/>${inner}</filesystem>`);
const disk = (inner = '', attributes = '', target = "dev='vda' bus='virtio'") =>
  devices(`<disk type='file' device='disk' ${attributes}><source file='/i'/><target ${target}/>${inner}</disk>`);

test('what virt-install writes becomes options, and a line for each thing that is left out', () => {
  const { options, notices } = readDomain(VIRT_INSTALL, 'build.xml', false);
  expect(options).toEqual({
    accel: 'kvm',
    memory: '2048M',
    smp: '4',
    reboot: true,
    kernel: '/boot/vmlinuz',
    initrd: '/boot/initrd.img',
    append: 'root=/dev/vda1 console=ttyS0 quiet',
    drive: ['if=none,id=domain-disk0,file=/var/lib/libvirt/images/build,, one.img,format=raw,cache=none,discard=unmap'],
    fsdev: [
      'local,id=domain-fs0,path=/srv/src,security_model=mapped-xattr,fmode=0640,dmode=0750,multidevs=remap,writeout=immediate',
      'local,id=domain-fs1,path=/srv/a,,b,security_model=passthrough,readonly=on',
    ],
    device: [
      'virtio-blk-pci,drive=domain-disk0',
      'virtio-9p-pci,fsdev=domain-fs0,mount_tag=src',
      'virtio-9p-pci,fsdev=domain-fs1,mount_tag=tools',
      'virtio-rng-pci',
    ],
  });
  expect(notices).toEqual([
    'build.xml:10: <currentMemory> is not <memory>: there is no balloon, so the guest has 2048M at once',
    'build.xml:21: <acpi> is left out: CPUs and interrupts come by an MP table; a guest that powers off needs no ACPI here',
    "build.xml:45: <disk> device='cdrom' is left out; give its image as a disk with readonly instead",
    'build.xml:70: <interface> is left out: there is no network',
    'build.xml:83: <channel> is left out: commands reach the guest by tsvmm run -- COMMAND',
    'build.xml:86: <input> is left out: there is no display, the console is the serial port',
    'build.xml:87: <memballoon> is left out: the guest keeps all of its memory',
  ]);
});

describe('the machine', () => {
  test.each<[string, string]>([
    ['<memory>524288</memory>', '512M'],
    ["<memory unit='GiB'>1</memory>", '1024M'],
    ["<memory unit='b'>1048576</memory>", '1M'],
    ["<memory unit='MB'>1</memory>", '1M'],
    ["<memory unit='T'>1</memory>", '1048576M'],
  ])('%s', (inner, memory) => {
    expect(read(inner).options.memory).toBe(memory);
  });

  test('memory that is no whole number of MiB is rounded up, and that is said', () => {
    expect(read("<memory unit='MB'>100</memory>")).toMatchObject({
      options: { memory: '96M' },
      notices: ['d.xml:1: <memory> is no whole number of MiB: the guest has 96 MiB'],
    });
  });

  test.each([
    [" type='qemu'", 'software'],
    [" type='kvm'", 'kvm'],
    ['', undefined],
  ])('%s is executed by %j', (attributes, accel) => {
    expect(read('', { attributes }).options.accel).toEqual(accel);
  });

  test('CPUs to be added later are not', () => {
    expect(read("<vcpu current='2' cpuset='0-3'>4</vcpu>")).toMatchObject({
      options: { smp: '2' },
      notices: [
        'd.xml:1: <vcpu> no CPU is added later: the guest has 2 of 4',
        'd.xml:1: <vcpu> cpuset: CPUs are not tied to those of the host; use taskset',
      ],
    });
  });

  test.each([
    ['restart', true],
    ['destroy', false],
    ['preserve', false],
  ])('on_reboot %s: boots again %s', (action, reboot) => {
    expect(read(`<on_reboot>${action}</on_reboot>`).options.reboot).toBe(reboot);
  });

  test('without a kernel tsvmm boots its own, and says so; a boot device is refused then', () => {
    expect(read('', { hasKernel: false }).notices).toEqual(["d.xml:1: <domain> names no kernel: tsvmm's own boots"]);
    expect(() => read("<os>\n<boot dev='hd'/></os>", { hasKernel: false })).toThrow(
      new UsageError(
        'd.xml:2: <boot> there is no firmware to boot with; add <kernel> to <os>, or give --kernel FILE beside --domain',
      ),
    );
    expect(read("<os><boot dev='hd'/></os>").notices).toEqual([]);
    expect(read("<os><boot dev='hd'/><kernel>k</kernel></os>", { hasKernel: false }).options.kernel).toBe('k');
  });
});

describe('shares', () => {
  test.each<[string, string, string]>([
    ['', '', 'security_model=passthrough'],
    ["accessmode='mapped'", '', 'security_model=mapped-xattr'],
    ["accessmode='squash'", '', 'security_model=none'],
    ["type='mount' multidevs='default'", '<readonly/>', 'security_model=passthrough,readonly=on'],
    ["multidevs='warn'", "<driver wrpolicy='default'/>", 'security_model=passthrough,multidevs=warn'],
  ])('[%s] %s: %s', (attributes, inner, keys) => {
    expect(share(inner, attributes).options.fsdev).toEqual([`local,id=domain-fs0,path=/s,${keys}`]);
  });

  test.each<[string, string, string]>([
    ["model='virtio-transitional'", '', 'virtio-9p-pci-transitional'],
    ["model='virtio-non-transitional'", "<driver packed='on'/>", 'virtio-9p-pci-non-transitional,packed=on'],
    ['', "<address type='virtio-mmio'/>", 'virtio-9p-device'],
  ])('[%s] %s is a %s', (attributes, inner, model) => {
    expect(share(inner, attributes).options.device).toEqual([`${model},fsdev=domain-fs0,mount_tag=t`]);
  });
});

describe('refused with file, line and element: it would be another machine', () => {
  test.each<[string, () => unknown, string]>([
    [
      'a container',
      () => read('', { attributes: " type='lxc'" }),
      "<domain> type='lxc' is not supported; write kvm or qemu",
    ],
    [
      'another document',
      () => readDomain('<network/>', 'd.xml', true),
      '<network> is no domain; virsh dumpxml NAME prints one',
    ],
    ['a paravirtual guest', () => read('<os><type>xen</type></os>'), "<type> 'xen' is not supported; write hvm"],
    [
      'another processor',
      () => read("<os><type arch='aarch64'>hvm</type></os>"),
      "<type> arch='aarch64' is not supported; tsvmm runs x86_64 and i686",
    ],
    ['no memory', () => read('<memory>lots</memory>'), "<memory> 'lots' is no whole number"],
    ['negative CPUs', () => read('<vcpu>-1</vcpu>'), "<vcpu> '-1' is no whole number"],
    ['an empty kernel', () => read('<os><kernel/></os>'), '<kernel> is empty'],
    [
      'an unknown unit',
      () => read("<memory unit='PiB'>1</memory>"),
      "<memory> unit='PiB' is unknown; the units are b, bytes, KB, k, KiB, MB, M, MiB, GB, G, GiB, TB, T, TiB",
    ],
    [
      'virtiofs',
      () => share("<driver type='virtiofs'/>"),
      "<driver> type='virtiofs' is not supported; write type='path', and mount it in the guest as 9p",
    ],
    [
      'a share of an image',
      () => share('', "type='file'"),
      "<filesystem> type='file' is not supported; share a directory with type='mount'",
    ],
    [
      'an access mode',
      () => share('', "accessmode='all'"),
      "<filesystem> accessmode='all' is not supported; write passthrough or mapped or squash",
    ],
    ['a share of nothing', () => devices('<filesystem><source/><target dir="t"/></filesystem>'), '<source> lacks dir='],
    ['a share without a tag', () => devices('<filesystem><source dir="/s"/></filesystem>'), '<filesystem> lacks dir='],
    [
      'two buses',
      () => share("<address type='virtio-mmio'/>", "model='virtio-transitional'"),
      "<address> model='virtio-transitional' is for the PCI bus; leave one of them out",
    ],
    [
      'a disk with another name in the guest',
      () => disk('', '', "dev='sda' bus='sata'"),
      "<target> sda is on sata bus; write dev='vda' bus='virtio'",
    ],
    [
      'qcow2',
      () => disk("<driver name='qemu' type='qcow2'/>"),
      "<driver> type='qcow2' is not supported; convert the image with qemu-img convert -O raw",
    ],
    [
      'a disk to forget',
      () => disk('<transient/>'),
      '<transient> writes would go to the image; give a copy of it and leave this out',
    ],
    [
      'a backing image',
      () => disk("<backingStore type='file'><format type='raw'/></backingStore>"),
      '<backingStore> an image over another is not supported; convert it with qemu-img convert -O raw',
    ],
    [
      'a disk over a network',
      () => devices("<disk type='network'><target dev='vda'/></disk>"),
      "<disk> type='network' is not supported; write file or block",
    ],
    [
      'a device of the host',
      () => devices("<hostdev mode='subsystem'/>"),
      '<hostdev> devices of the host cannot be passed to the guest; leave it out',
    ],
    [
      'an encrypted guest',
      () => read("<launchSecurity type='sev'/>"),
      '<launchSecurity> encrypted guests are not supported; leave it out',
    ],
  ])('%s', (_, act, line) => {
    expect(act).toThrow(new UsageError(`d.xml:1: ${line}`));
  });
});

test.each<[string, string]>([
  [
    "<serial type='file'><source path='/l'/></serial>",
    "<serial> type='file': the serial port is on the terminal instead",
  ],
  ["<serial type='pty'><target port='1'/></serial>", '<serial> port 1 is left out: there is one serial port'],
  [
    "<console type='pty'><target type='virtio'/></console>",
    '<console> target virtio is left out: the console is the serial port',
  ],
  ["<video><model type='virtio'/></video>", '<video> is left out: there is no display, the console is the serial port'],
  ['<intreface/>', '<intreface> is unknown here and left out; did you mean <interface>?'],
  ['<teleporter/>', '<teleporter> is unknown here and left out'],
  ['<constructor/>', '<constructor> is unknown here and left out'],
  [
    "<rng model='virtio'><backend model='egd'/></rng>",
    "<backend> model='egd': the numbers come from the host's kernel instead",
  ],
])('said, not refused: %s', (inner, line) => {
  expect(devices(inner).notices).toEqual([`d.xml:1: ${line}`]);
});

test.each([
  "<memballoon model='none'/>",
  "<controller type='pci' model='pci-root'/>",
  '<panic model="isa"/>',
  "<audio id='1' type='none'/>",
])('not worth a word: %s', (inner) => {
  expect(devices(inner).notices).toEqual([]);
});
