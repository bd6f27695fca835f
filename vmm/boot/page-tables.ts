/** The page tables at kernel entry: the first 4 GiB mapped to themselves in pages of 2 MiB. */

const PAGE = 4096;
const LARGE_PAGE = 2 * 1024 * 1024;
const ENTRIES = 512;
const GIGABYTES = 4;

/** Present and writable. */
const TABLE = 0x3n;
/** Present, writable, and a page rather than a table. */
const LARGE = 0x83n;

/** Bytes of the tables: one PML4, one page directory pointer table, four page directories. */
export const PAGE_TABLES_LENGTH = (2 + GIGABYTES) * PAGE;

/**
 * The bytes of the tables as they must lie at physical address `base`, a multiple of 4096; the PML4 comes first.
 *
 * @spec Intel SDM 3A §4.5 4-Level Paging and 5-Level Paging
 */
export function identityPageTables(base: number): Uint8Array<ArrayBuffer> {
  const entries = new BigUint64Array(PAGE_TABLES_LENGTH / 8);
  const pointers = base + PAGE;
  const directories = pointers + PAGE;
  entries[0] = BigInt(pointers) | TABLE;
  for (let gigabyte = 0; gigabyte < GIGABYTES; gigabyte++) {
    entries[ENTRIES + gigabyte] = BigInt(directories + gigabyte * PAGE) | TABLE;
  }
  for (let page = 0; page < GIGABYTES * ENTRIES; page++) {
    entries[2 * ENTRIES + page] = BigInt(page * LARGE_PAGE) | LARGE;
  }
  return new Uint8Array(entries.buffer);
}
