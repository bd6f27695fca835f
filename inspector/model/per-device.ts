/** One entry for each device events are about, up to a limit. */

/** Devices kept. */
export const MOST_DEVICES = 64;

/** Entries in the order in which their devices were first heard of. */
export interface PerDevice<T> {
  list: (T & { readonly device: string })[];
  /** Events of devices that are left out. */
  notKept: number;
}

/** No entries. */
export function emptyPerDevice<T>(): PerDevice<T> {
  return { list: [], notKept: 0 };
}

/** The entry of a device, if there is one. */
export function entryOf<T>({ list }: PerDevice<T>, device: string): (T & { readonly device: string }) | undefined {
  return list.find((entry) => entry.device === device);
}

/** The entry of a device, made where there is none; undefined, and counted, where there are too many. */
export function entryFor<T>(
  entries: PerDevice<T>,
  device: string,
  make: () => T,
): (T & { readonly device: string }) | undefined {
  const known = entryOf(entries, device);
  if (known !== undefined) return known;
  if (entries.list.length >= MOST_DEVICES) {
    entries.notKept += 1;
    return undefined;
  }
  const made = { ...make(), device };
  entries.list.push(made);
  return made;
}

/** The last few of a list that may grow without end, and how many there were. */
export interface LastOf<T> {
  list: T[];
  total: number;
}

/** None. */
export function emptyLast<T>(): LastOf<T> {
  return { list: [], total: 0 };
}

/** Adds one, and forgets the oldest where there are more than `most`. */
export function addLast<T>(last: LastOf<T>, item: T, most: number): void {
  last.total += 1;
  last.list.push(item);
  if (last.list.length > most) last.list.shift();
}
