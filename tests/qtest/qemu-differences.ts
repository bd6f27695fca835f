/** Where a virtio function of ours means to look otherwise than QEMU's with the same options: the whole list. */

/** What is compared, a line for each thing that can be seen: BARs, header, and what lspci makes of the capabilities. */
export type Seen = readonly string[];

/** One difference that is meant. */
export interface Difference {
  readonly what: string;
  readonly qemu: string;
  readonly tsvmm: string;
  readonly why: string;
  /** Leaves the difference out of what is seen of either. */
  readonly without: (seen: Seen, device: string) => Seen;
}

/** Devices that have no configuration of their own. */
const WITHOUT_CONFIGURATION = /^virtio-rng/;

export const QEMU_DIFFERENCES: readonly Difference[] = [
  {
    what: 'length of a structure in its capability',
    qemu: 'a page for each',
    tsvmm: 'the length of the structure',
    why: 'virtio 1.2 §4.1.4 means the length of the structure; beyond it nothing answers',
    without: (seen) => seen.map((line) => line.replace(/^(\t\tBAR=4 offset=\w+) size=\w+/, '$1')),
  },
  {
    what: 'a device without configuration (virtio-rng)',
    qemu: 'has a device configuration structure all the same',
    tsvmm: 'has none, and what follows it in BAR and capabilities comes earlier',
    why: 'virtio 1.2 §4.1.4.6 wants one where there is a configuration; drivers need not map an empty one',
    without: (seen, device) =>
      WITHOUT_CONFIGURATION.test(device) ? withoutPlaces(withoutDeviceStructure(seen)) : seen,
  },
];

function withoutDeviceStructure(seen: Seen): Seen {
  const at = seen.findIndex((line) => line.endsWith('VirtIO: DeviceCfg'));
  return at < 0 ? seen : seen.toSpliced(at, 2);
}

/** Where capabilities and structures are says nothing of what they are. */
function withoutPlaces(seen: Seen): Seen {
  return seen.map((line) =>
    line
      .replace(/^\tCapabilities: \[\w+\]/, '\tCapabilities:')
      .replace(/^(\t\tBAR=4) offset=\w+/, '$1')
      .replace(/^capabilities_pointer = .*/, 'capabilities_pointer'),
  );
}

/** The list as a table of Markdown. */
export function differencesTable(): string {
  const rows = QEMU_DIFFERENCES.map(({ what, qemu, tsvmm, why }) => `| ${what} | ${qemu} | ${tsvmm} | ${why} |`);
  return ['| what | QEMU | tsvmm | why |', '|---|---|---|---|', ...rows].join('\n');
}
