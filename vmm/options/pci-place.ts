import type { PciPlace } from '../config.ts';
import type { ValueType } from './value-type.ts';

/** A place on a PCI bus as QEMU writes it: slot, and after a dot the function, both in hexadecimal. */
export const pciPlace: ValueType<PciPlace> = {
  notation: 'SLOT[.FUNCTION]',
  parse(given) {
    const match = /^(?:0[xX])?([0-9a-fA-F]{1,2})(?:\.(?:0[xX])?([0-9a-fA-F]))?$/.exec(given);
    if (match === null)
      return { wrong: `'${given}' is no place on the PCI bus; write it in hexadecimal, like 04 or 04.0` };
    const [slot, number] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '0', 16)];
    if (slot > 0x1f || number > 7) return { wrong: `${given} is out of range; slots go to 1f, functions to 7` };
    return { value: number === 0 ? { slot } : { slot, function: number } };
  },
};
