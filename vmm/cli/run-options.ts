import type { CommandOption } from './command-option.ts';

/** The sections of `tsvmm run --help`. */
export const GROUPS = {
  machine: 'Machine:',
  sharing: 'Sharing directories:',
  devices: 'Disks and other devices:',
  guest: 'What runs in the guest:',
  control: 'Driving the machine from outside:',
  output: 'Output:',
} as const;

/** One option of `tsvmm run`. QEMU's single dash is accepted for each. */
export type RunOption = CommandOption<RunOptionName> & { readonly group: keyof typeof GROUPS };

/** Names of the options of `tsvmm run`. The text of `--no-NAME` is found as NAME. */
export type RunOptionName =
  | Exclude<keyof RawRunOptions, 'dryRun' | 'qtestLog' | 'reboot'>
  | 'dry-run'
  | 'qtest-log'
  | 'no-reboot';

/** The options of one command line as text, before any value is read. */
export interface RawRunOptions {
  readonly domain?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly memory?: string;
  readonly smp?: string;
  readonly accel?: readonly string[];
  readonly machine?: readonly string[];
  readonly object?: readonly string[];
  /** False with `--no-reboot`. */
  readonly reboot?: boolean;
  readonly root?: string;
  readonly init?: string;
  readonly virtfs?: readonly string[];
  readonly fsdev?: readonly string[];
  readonly device?: readonly string[];
  readonly drive?: readonly string[];
  readonly console?: string;
  readonly mount?: readonly string[];
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly trace?: string | true;
  readonly record?: string;
  readonly inspect?: string;
  readonly verbose?: true;
  readonly dryRun?: string | true;
  readonly qtest?: string;
  readonly qtestLog?: string;
  readonly qmp?: readonly string[];
  readonly chardev?: readonly string[];
  readonly mon?: readonly string[];
}

/** The options of `tsvmm run`, in the order help shows them. */
export const RUN_OPTIONS: readonly RunOption[] = [
  {
    name: 'domain',
    value: 'FILE',
    group: 'machine',
    doc: "a domain of libvirt's, as virsh dumpxml prints it; the options beside it win over what the file says once, and are added to its shares and devices",
  },
  {
    name: 'kernel',
    value: 'FILE',
    group: 'machine',
    doc: "bzImage or vmlinux to boot (default: tsvmm's own, built once)",
  },
  { name: 'initrd', value: 'FILE', group: 'machine', doc: 'initial RAM disk' },
  { name: 'append', value: 'WORDS', group: 'machine', doc: 'words added to the kernel command line' },
  {
    name: 'memory',
    letter: 'm',
    value: 'SIZE',
    group: 'machine',
    doc: 'guest RAM, as in 256M or 1G; a plain number is in MiB (default 256M)',
  },
  { name: 'smp', value: 'N', group: 'machine', doc: 'processors, 1 to 16 (default 1)' },
  {
    name: 'accel',
    value: 'kvm|software|auto|qtest',
    repeatable: true,
    group: 'machine',
    doc: "what executes the guest: KVM (64-bit kernels), the software CPU (32-bit kernels; QEMU's name tcg means it too), or auto, KVM where it can be opened (default); qtest: nothing, a client on a socket drives ports, memory and clock",
  },
  {
    name: 'machine',
    letter: 'M',
    value: 'pc|q35|none',
    repeatable: true,
    group: 'machine',
    doc: 'tsvmm has one machine, whichever is named, and with --accel qtest none, which is memory alone; accel=NAME is --accel NAME',
  },
  {
    name: 'object',
    value: 'MEMORY',
    form: 'memory-backend-memfd,id=ID,size=SIZE',
    repeatable: true,
    group: 'machine',
    doc: 'guest RAM that other processes can map, as /proc/PID/fd/N; --machine memory-backend=ID puts it in',
  },
  {
    name: 'no-reboot',
    group: 'machine',
    doc: 'a guest that resets the machine ends the run, where it would boot again; with COMMAND it always does',
  },
  {
    name: 'virtfs',
    value: 'SHARE',
    form: 'local,path=DIR,mount_tag=TAG',
    repeatable: true,
    group: 'sharing',
    doc: 'share a directory of the host, which the guest sees at /mnt/TAG',
  },
  {
    name: 'fsdev',
    value: 'EXPORT',
    form: 'local,id=ID,path=DIR',
    repeatable: true,
    group: 'sharing',
    doc: "a share's half on the host",
  },
  {
    name: 'device',
    value: 'DEVICE',
    form: 'virtio-9p-pci,fsdev=ID,mount_tag=TAG',
    repeatable: true,
    group: 'sharing',
    doc: "a share's half in the guest, or another device",
  },
  {
    name: 'drive',
    value: 'DISK',
    form: 'file=IMAGE,if=virtio',
    repeatable: true,
    group: 'devices',
    doc: 'a disk, /dev/vda and so on in the guest',
  },
  {
    name: 'console',
    value: 'auto|virtio|serial',
    group: 'devices',
    doc: "where the shell is: a virtio console, the serial port, or auto, the first with tsvmm's own kernel (default)",
  },
  {
    name: 'mount',
    value: 'TAG=PATH',
    repeatable: true,
    group: 'sharing',
    doc: 'where the guest mounts a share; TAG=none leaves it to the guest',
  },
  {
    name: 'root',
    value: 'DIR',
    form: 'DIR[,readonly=off][,security_model=MODEL]',
    group: 'guest',
    doc: 'boot from this directory, read-only unless told otherwise (default: a small busybox system)',
  },
  {
    name: 'init',
    value: 'PROGRAM',
    group: 'guest',
    doc: "process 1, a path inside --root (default: tsvmm's own init)",
  },
  {
    name: 'cwd',
    value: 'DIR',
    group: 'guest',
    doc: 'directory the shell or COMMAND starts in, a path in the guest (default: the first share)',
  },
  { name: 'env', value: 'NAME=VALUE', repeatable: true, group: 'guest', doc: 'environment variable of COMMAND' },
  {
    name: 'qtest',
    value: 'SOCKET',
    form: 'unix:PATH[,server=on,wait=off]',
    group: 'control',
    doc: "the client that drives the machine, by QEMU's qtest protocol; --accel qtest goes without saying",
  },
  { name: 'qtest-log', value: 'FILE', group: 'control', doc: 'each line of that protocol (default none)' },
  {
    name: 'qmp',
    value: 'SOCKET',
    form: 'unix:PATH[,server=on,wait=off]',
    repeatable: true,
    group: 'control',
    doc: "a monitor for programs, by QEMU's QMP",
  },
  {
    name: 'chardev',
    value: 'SPEC',
    form: 'socket,path=PATH,id=ID',
    repeatable: true,
    group: 'control',
    doc: "a monitor's socket",
  },
  {
    name: 'mon',
    value: 'SPEC',
    form: 'chardev=ID,mode=control',
    repeatable: true,
    group: 'control',
    doc: 'a monitor on that socket',
  },
  {
    name: 'trace',
    value: 'FILE',
    optional: true,
    group: 'output',
    form: 'FILE[,format=text|jsonl|pcapng][,events=KIND+KIND|all]',
    doc: 'one line for each 9P message (default to stderr), or any other choice of what happens',
  },
  {
    name: 'record',
    value: 'FILE',
    group: 'output',
    doc: 'record everything that happens, compressed; tsvmm trace FILE and tsvmm inspect FILE read it',
  },
  {
    name: 'inspect',
    value: '[HOST:]PORT',
    group: 'output',
    form: '[HOST:]PORT[,wait=on]',
    doc: 'serve a page that shows the machine at work and can hold it; its address, with a token, is printed; port 0 finds a free one',
  },
  {
    name: 'verbose',
    group: 'output',
    doc: "show the kernel's messages; with COMMAND the console goes to stderr",
  },
  {
    name: 'dry-run',
    value: 'text|json',
    optional: true,
    group: 'output',
    doc: 'print the machine as it would be and start nothing: memory, buses, devices, options, kernel command line (default text)',
  },
];
