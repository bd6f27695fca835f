/** The numbers of 9P2000 and 9P2000.u: file modes and open modes as Plan 9 has them. */

/** Bits of a mode above the nine of permission. @spec Plan 9 stat(5), 9P2000.u */
export const DM = {
  DMDIR: 0x8000_0000,
  DMAPPEND: 0x4000_0000,
  DMEXCL: 0x2000_0000,
  DMMOUNT: 0x1000_0000,
  DMAUTH: 0x0800_0000,
  DMTMP: 0x0400_0000,
  DMSYMLINK: 0x0200_0000,
  DMLINK: 0x0100_0000,
  DMDEVICE: 0x0080_0000,
  DMNAMEDPIPE: 0x0020_0000,
  DMSOCKET: 0x0010_0000,
  DMSETUID: 0x0008_0000,
  DMSETGID: 0x0004_0000,
  DMSETVTX: 0x0001_0000,
} as const;

/** What is done with an open file: the low two bits of an open mode. @spec Plan 9 open(5) */
export const ACCESS = { OREAD: 0, OWRITE: 1, ORDWR: 2, OEXEC: 3, mask: 3 } as const;

/** The bits above them. OCEXEC concerns the client's own processes only. @spec Plan 9 open(5), 9P2000.u: OAPPEND */
export const OPEN = { OTRUNC: 0x10, OCEXEC: 0x20, ORCLOSE: 0x40, OAPPEND: 0x80 } as const;

/** Bits of qid.type that 9P2000 knows; those below are of 9P2000.u. @spec Plan 9 stat(5) */
export const PLAIN_QID_TYPES = 0xfc;

/** The permission bits that a mode of any dialect has. */
export const PERMISSIONS = 0o777;

/** A user or group without a number. @spec 9P2000.u: ~0 */
export const NO_ID = 0xffff_ffff;
