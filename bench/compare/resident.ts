/** Resident memory of a machine's process, guest RAM left out. */
import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Bytes of process `pid` that are resident beyond its guest RAM of `ramBytes`. */
export function residentBeyondRam(pid: number, ramBytes: number): number {
  return beyondRam(readFileSync(`/proc/${pid}/smaps`, 'latin1'), ramBytes);
}

/**
 * The same from the text of `smaps`. Guest RAM is, of tsvmm, the file in memory of that name; of QEMU, memory without a file in one
 * piece that is as large.
 */
export function beyondRam(smaps: string, ramBytes: number): number {
  let [isRam, resident] = [false, 0];
  for (const line of smaps.split('\n')) {
    const [, from, to, name] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      const length = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`));
      isRam = name === '' ? length >= ramBytes : (name ?? '').startsWith('/memfd:guest-memory');
      continue;
    }
    const [, kib] = /^Rss:\s+(\d+) kB$/.exec(line) ?? [];
    if (kib !== undefined && !isRam) resident += Number(kib) * KIB;
  }
  return resident;
}
