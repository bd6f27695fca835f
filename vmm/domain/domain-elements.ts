/** The elements of a domain. @spec libvirt Domain XML format */
import { DEVICE_ELEMENTS } from './device-elements.ts';
import type { DomainDraft } from './domain-draft.ts';
import type { ElementTable } from './element-table.ts';
import type { XmlElement } from './xml-tree.ts';

/** Units of sizes, in bytes. @spec libvirt Domain XML format, Memory Allocation */
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 2 ** 10,
  KiB: 2 ** 10,
  MB: 1e6,
  M: 2 ** 20,
  MiB: 2 ** 20,
  GB: 1e9,
  G: 2 ** 30,
  GiB: 2 ** 30,
  TB: 1e12,
  T: 2 ** 40,
  TiB: 2 ** 40,
};
const MIB = 2 ** 20;

/** A size in bytes; in KiB where it names no unit. */
function sizeOf(element: XmlElement, draft: DomainDraft): number {
  const unit = element.attributes.get('unit') ?? 'KiB';
  const bytes = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (bytes === undefined) {
    return draft.refuse(element, `unit='${unit}' is unknown; the units are ${Object.keys(UNITS).join(', ')}`);
  }
  return wholeNumber(element, draft) * bytes;
}

function wholeNumber(element: XmlElement, draft: DomainDraft): number {
  const text = draft.text(element);
  return /^\d{1,15}$/.test(text) ? Number(text) : draft.refuse(element, `'${text}' is no whole number`);
}

function readMemory(element: XmlElement, draft: DomainDraft): void {
  const bytes = sizeOf(element, draft);
  const mib = Math.ceil(bytes / MIB);
  if (mib * MIB !== bytes) draft.notice(element, `is no whole number of MiB: the guest has ${mib} MiB`);
  draft.options.memory = `${mib}M`;
}

/** What the guest has at first, a balloon keeping the rest from it: here it has all. */
function readCurrentMemory(element: XmlElement, draft: DomainDraft): void {
  const asked = `${Math.ceil(sizeOf(element, draft) / MIB)}M`;
  if (draft.options.memory !== undefined && asked !== draft.options.memory) {
    draft.notice(element, `is not <memory>: there is no balloon, so the guest has ${draft.options.memory} at once`);
  }
}

function readCpus(element: XmlElement, draft: DomainDraft): void {
  const most = String(wholeNumber(element, draft));
  const current = element.attributes.get('current') ?? most;
  if (current !== most) draft.notice(element, `no CPU is added later: the guest has ${current} of ${most}`);
  if (element.attributes.has('cpuset'))
    draft.notice(element, 'cpuset: CPUs are not tied to those of the host; use taskset');
  draft.options.smp = current;
}

const HVM = 'hvm';
const ARCHITECTURES: readonly string[] = ['x86_64', 'i686'];

function readOsType(element: XmlElement, draft: DomainDraft): void {
  if (draft.text(element) !== HVM) draft.refuse(element, `'${element.text}' is not supported; write ${HVM}`);
  const arch = element.attributes.get('arch');
  if (arch !== undefined && !ARCHITECTURES.includes(arch)) {
    draft.refuse(element, `arch='${arch}' is not supported; tsvmm runs ${ARCHITECTURES.join(' and ')}`);
  }
}

/** Actions, and whether the guest boots again; other actions end the run. @spec libvirt Domain XML format, Events configuration */
function readOnReboot(element: XmlElement, draft: DomainDraft): void {
  draft.options.reboot = draft.text(element) === 'restart';
}

function readFile(option: 'kernel' | 'initrd'): (element: XmlElement, draft: DomainDraft) => void {
  return (element, draft) => {
    draft.options[option] = draft.text(element);
  };
}

/** Blanks of any length are one to the kernel. */
function readCmdline(element: XmlElement, draft: DomainDraft): void {
  draft.options.append = element.text.replaceAll(/\s+/g, ' ');
}

const NOT_APPLIED = 'is left out: tsvmm sets no limits; use systemd-run or a cgroup';
const NO_FIRMWARE = 'is left out: there is no firmware, tsvmm enters the kernel itself';

/** What says how the guest boots. @spec libvirt Domain XML format, Operating system booting */
const OS_ELEMENTS: ElementTable = {
  type: { read: readOsType },
  kernel: { read: readFile('kernel') },
  initrd: { read: readFile('initrd') },
  cmdline: { read: readCmdline },
  boot: { silent: 'read-domain.ts refuses it where there is no kernel' },
  bootmenu: { instead: NO_FIRMWARE },
  loader: { instead: NO_FIRMWARE },
  nvram: { instead: NO_FIRMWARE },
  firmware: { instead: NO_FIRMWARE },
  bios: { instead: NO_FIRMWARE },
  smbios: { instead: NO_FIRMWARE },
  acpi: { instead: 'is left out: there are no ACPI tables' },
  dtb: { instead: 'is left out: there is no device tree' },
};

const FEATURE_ELEMENTS: ElementTable = {
  acpi: { instead: 'is left out: CPUs and interrupts come by an MP table; a guest that powers off needs no ACPI here' },
  apic: { silent: 'there is one' },
  pae: { silent: "it is the processor's" },
  vmport: { silent: 'there is none' },
  kvm: { silent: 'hints only' },
  hyperv: { instead: 'is left out: the guest is Linux' },
  smm: { instead: NO_FIRMWARE },
  pmu: { instead: "is left out: the performance counters are the accelerator's choice" },
  ioapic: { instead: 'is left out: the IOAPIC is where the accelerator has it' },
};

export const DOMAIN_ELEMENTS: ElementTable = {
  name: { silent: 'nothing shows it' },
  uuid: { silent: 'nothing shows it' },
  genid: { silent: 'nothing shows it' },
  title: { silent: 'for people' },
  description: { silent: 'for people' },
  metadata: { silent: 'for programs' },
  memory: { read: readMemory },
  currentMemory: { read: readCurrentMemory },
  maxMemory: { instead: 'is left out: no memory is added later' },
  memoryBacking: { instead: "is left out: the guest's memory is what the host gives" },
  memtune: { instead: NOT_APPLIED },
  vcpu: { read: readCpus },
  vcpus: { instead: 'is left out: <vcpu> says how many' },
  cputune: { instead: NOT_APPLIED },
  blkiotune: { instead: NOT_APPLIED },
  numatune: { instead: NOT_APPLIED },
  resource: { instead: NOT_APPLIED },
  iothreads: { silent: 'tsvmm has its own' },
  os: { children: OS_ELEMENTS },
  features: { children: FEATURE_ELEMENTS },
  cpu: {
    silent: "the guest sees the host's processor",
    read: (element, draft) => {
      if (element.attributes.get('mode') === 'custom' || element.children.some(({ name }) => name !== 'feature')) {
        draft.notice(element, "is left out: the guest sees the host's processor, each CPU a socket of its own");
      }
    },
  },
  clock: {
    silent: 'UTC, and the timers a PC has',
    read: (element, draft) => {
      const offset = element.attributes.get('offset') ?? 'utc';
      if (offset !== 'utc') draft.notice(element, `offset='${offset}' is left out: the clock shows UTC`);
    },
  },
  on_poweroff: { silent: 'the run ends' },
  on_reboot: { read: readOnReboot },
  on_crash: { silent: 'the run ends with status 122' },
  on_lockfailure: { silent: 'a locked image is refused' },
  pm: { silent: 'the guest cannot sleep' },
  perf: { silent: 'nothing is counted' },
  sysinfo: { instead: NO_FIRMWARE },
  seclabel: { instead: 'is left out: tsvmm runs with the rights of its user' },
  launchSecurity: {
    read: (element, draft) => draft.refuse(element, 'encrypted guests are not supported; leave it out'),
  },
  'qemu:commandline': { instead: 'is left out: give options of tsvmm run beside --domain' },
  'qemu:override': { instead: 'is left out: give options of tsvmm run beside --domain' },
  devices: { children: DEVICE_ELEMENTS },
};
