/** One entry of an archive; directories have no content. */
export interface CpioEntry {
  readonly name: string;
  /** Linux mode with the type bits. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Major and minor of a device. */
  readonly device?: readonly [number, number];
}

const TRAILER: CpioEntry = { name: 'TRAILER!!!', mode: 0 };

/** An uncompressed initial RAM file system. @spec Linux driver-api, early-userspace/buffer-format: newc */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  return Buffer.concat([...entries, TRAILER].map(record));
}

function record(entry: CpioEntry, inode: number): Buffer {
  const content = entry.content ?? new Uint8Array(0);
  const name = Buffer.from(`${entry.name}\0`);
  const [major, minor] = entry.device ?? [0, 0];
  const fields = [inode, entry.mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}
