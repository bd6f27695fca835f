import type { CpuidEntry } from 'node-kvm';

/** @spec Intel SDM vol. 2A CPUID, leaf 01H */
const LEAF1_ECX = { TSC_DEADLINE: 1 << 24, HYPERVISOR: 1 << 31 } as const;
const LEAF1_EDX = { HTT: 1 << 28 } as const;

/** What the table below may need to know. */
interface Topology {
  /** APIC id of this CPU, 0 to `cpus` - 1. */
  readonly id: number;
  readonly cpus: number;
  readonly tscDeadline: boolean;
}

/** Bits needed to number `count` things. */
function bitsFor(count: number): number {
  return Math.ceil(Math.log2(Math.max(count, 1)));
}

/**
 * Leaves that differ from what KVM reports of the host, since they describe the virtual machine's own topology: one
 * package, a core for each CPU.
 *
 * @spec Intel SDM vol. 2A CPUID; AMD64 APM vol. 3 appendix E.4 Extended Leaf 8000_0008 and 8000_001E
 */
const REWRITES: ReadonlyMap<number, (entry: CpuidEntry, topology: Topology) => CpuidEntry> = new Map([
  [
    0x1,
    (entry, { id, cpus, tscDeadline }) => ({
      ...entry,
      ebx: ((entry.ebx & 0x0000_ffff) | (cpus << 16) | (id << 24)) >>> 0,
      ecx: (entry.ecx | LEAF1_ECX.HYPERVISOR | (tscDeadline ? LEAF1_ECX.TSC_DEADLINE : 0)) >>> 0,
      edx: (cpus > 1 ? entry.edx | LEAF1_EDX.HTT : entry.edx & ~LEAF1_EDX.HTT) >>> 0,
    }),
  ],
  [
    0x4,
    (entry, { cpus }) =>
      (entry.eax & 0x1f) === 0 ? entry : { ...entry, eax: ((entry.eax & 0x0000_3fff) | ((cpus - 1) << 26)) >>> 0 },
  ],
  [0x8000_0008, (entry, { cpus }) => ({ ...entry, ecx: ((bitsFor(cpus) << 12) | (cpus - 1)) >>> 0 })],
  [0x8000_001e, (entry, { id }) => ({ ...entry, eax: id, ebx: id & 0xff, ecx: 0 })],
]);

/** Extended topology: KVM reports their first sub-leaf and leaves what they say to us. */
const TOPOLOGY_LEAVES: readonly number[] = [0x0b, 0x1f];

/** KVM_CPUID_FLAG_SIGNIFCANT_INDEX. @spec KVM API §4.20 KVM_SET_CPUID */
const INDEX_MATTERS = 1;

/** @spec Intel SDM vol. 2A CPUID, leaf 0BH Extended Topology Enumeration: level 1 SMT, level 2 core */
function extendedTopology(leaf: number, { id, cpus }: Topology): CpuidEntry[] {
  const levels = [
    { eax: 0, ebx: 1, type: 1 },
    { eax: bitsFor(cpus), ebx: cpus, type: 2 },
    { eax: 0, ebx: 0, type: 0 },
  ];
  return levels.map(({ eax, ebx, type }, index) => ({
    function: leaf,
    index,
    flags: INDEX_MATTERS,
    eax,
    ebx,
    ecx: (type << 8) | index,
    edx: id,
  }));
}

/** The CPUID table of one CPU: what KVM supports on this host, with this machine's topology. */
export function cpuidFor(supported: readonly CpuidEntry[], topology: Topology): CpuidEntry[] {
  return supported.flatMap((entry) => {
    if (TOPOLOGY_LEAVES.includes(entry.function)) {
      return entry.index === 0 ? extendedTopology(entry.function, topology) : [];
    }
    return [REWRITES.get(entry.function)?.(entry, topology) ?? { ...entry }];
  });
}
