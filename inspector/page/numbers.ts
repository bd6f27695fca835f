/** Numbers as people read them. */

/** Seconds with microseconds. */
export function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

/** A count in groups of three digits. */
export function count(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A number as registers and addresses are written; `bytes` pads it to its width. */
export function hex(value: number | bigint, bytes?: number): string {
  const digits = value.toString(16);
  return `0x${bytes === undefined ? digits : digits.padStart(2 * bytes, '0')}`;
}

/** A time in the unit that suits it. */
export function duration(microseconds: number): string {
  if (microseconds < 1000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1e6) return `${(microseconds / 1000).toPrecision(3)} ms`;
  return `${(microseconds / 1e6).toPrecision(3)} s`;
}

/** A length in bytes in the largest unit that divides it, as sizes of ranges are written. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value} ${units[unit]}`;
}

/** Place of a PCI function, as `lspci` writes it. */
export function pciPlace(slot: number, number: number): string {
  return `00:${slot.toString(16).padStart(2, '0')}.${number}`;
}
