/** Resident memory of a machine's process, guest RAM left out. */
import { readFileSync } from 'node:fs';
import { REGIONS } from '../../vmm/memory-map.ts';

const KIB = 1024;
/** tsvmm's RAM is in one piece up to here. */
const LOW_RAM = REGIONS.pciHole.base;

/** Whether a mapping or an open file is guest RAM by its name: tsvmm's, or QEMU's. */
export function isNamedRam(name: string): boolean {
  return /guest-memory|memory-backend/.test(name);
}

/** Bytes of process `pid` that are resident beyond its guest RAM of `ramBytes`. */
export function residentBeyondRam(pid: number, ramBytes: number): number {
  return beyondRam(readFileSync(`/proc/${pid}/smaps`, 'latin1'), ramBytes);
}

/**
 * The same from the text of `smaps`. Guest RAM is memory that tsvmm or QEMU has given that name (files in memory, and others where the kernel
 * keeps names), and memory without a file or a name that is as large as a piece of it.
 */
export function beyondRam(smaps: string, ramBytes: number): number {
  const leastPiece = ramBytes > LOW_RAM ? Math.min(LOW_RAM, ramBytes - LOW_RAM) : ramBytes;
  let [isRam, resident] = [false, 0];
  for (const line of smaps.split('\n')) {
    const [, from, to, access, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      const length = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`));
      const unnamed = name === '' && access?.startsWith('rw') === true;
      isRam = isNamedRam(name ?? '') || (unnamed && length >= leastPiece);
      continue;
    }
    const [, kib] = /^Rss:\s+(\d+) kB$/.exec(line) ?? [];
    if (kib !== undefined && !isRam) resident += Number(kib) * KIB;
  }
  return resident;
}
