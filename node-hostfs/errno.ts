/** Error numbers these calls return, negated. @spec Linux errno(3) */
export const E = {
  PERM: 1,
  NOENT: 2,
  INTR: 4,
  IO: 5,
  NXIO: 6,
  TOOBIG: 7,
  BADF: 9,
  AGAIN: 11,
  NOMEM: 12,
  ACCES: 13,
  FAULT: 14,
  BUSY: 16,
  EXIST: 17,
  XDEV: 18,
  NODEV: 19,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: 22,
  NFILE: 23,
  MFILE: 24,
  TXTBSY: 26,
  FBIG: 27,
  NOSPC: 28,
  SPIPE: 29,
  ROFS: 30,
  MLINK: 31,
  PIPE: 32,
  RANGE: 34,
  DEADLK: 35,
  NAMETOOLONG: 36,
  NOLCK: 37,
  NOSYS: 38,
  NOTEMPTY: 39,
  LOOP: 40,
  NODATA: 61,
  OVERFLOW: 75,
  OPNOTSUPP: 95,
  AFNOSUPPORT: 97,
  ADDRINUSE: 98,
  ADDRNOTAVAIL: 99,
  CONNABORTED: 103,
  CONNRESET: 104,
  NOBUFS: 105,
  STALE: 116,
  DQUOT: 122,
  CANCELED: 125,
} as const;

const names = new Map<number, string>(Object.entries(E).map(([name, errno]) => [errno, `E${name}`]));
names.set(E.TOOBIG, 'E2BIG');

/** The name of an error number, given as is or negated: `errnoName(-2)` is `ENOENT`; an unlisted one is `errno 99`. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  return names.get(number) ?? `errno ${number}`;
}
