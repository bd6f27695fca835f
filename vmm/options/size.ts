import type { Outcome } from './value-type.ts';

const EXPONENT: Readonly<Record<string, number>> = { b: 0, k: 10, m: 20, g: 30, t: 40 };

/**
 * Reads a size as QEMU writes it: a decimal number, with a fraction if it likes, and a suffix B, K, M, G or T in either
 * case, each 1024 times the one before; a number without suffix counts in `unit`. The outcome is in bytes.
 */
export function parseSize(text: string, unit: 'B' | 'M'): Outcome<number> {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(text);
  if (match === null) return { wrong: `'${text}' is no size; write it like 512M or 2G` };
  const [, digits = '', suffix = ''] = match;
  const bytes = Number(digits) * 2 ** (EXPONENT[(suffix || unit).toLowerCase()] ?? 0);
  if (!Number.isSafeInteger(bytes)) return { wrong: `'${text}' is not a whole number of bytes` };
  return { value: bytes };
}

/** A number of bytes as people write it: 256M, 1G, 1536M. */
export function showSize(bytes: number): string {
  for (const suffix of ['T', 'G', 'M', 'K']) {
    const one = 2 ** (EXPONENT[suffix.toLowerCase()] ?? 0);
    if (bytes >= one && bytes % one === 0) return `${bytes / one}${suffix}`;
  }
  return `${bytes}B`;
}
