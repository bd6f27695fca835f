/** Class codes of the functions there are here, in words. @spec PCI Local Bus 3.0 Appendix D Class Codes */
const CLASSES: Readonly<Record<number, string>> = {
  512: 'unclassified',
  65280: 'unclassified',
  65536: 'SCSI bus controller',
  98304: 'mass storage controller',
  131072: 'Ethernet controller',
  393216: 'host bridge',
  491520: 'communication controller',
  557056: 'system peripheral',
  1048576: 'encryption controller',
};

/** What a class code of 24 bits means; those that are not known are numbers. */
export function className(code: number): string {
  return CLASSES[code] ?? `0x${code.toString(16).padStart(6, '0')}`;
}
