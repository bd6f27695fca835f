/** Descriptors of a chain: where each is, what it points to, its flags by name. */
import { Fragment } from 'preact';
import type { DescriptorSeen } from '../../../devices/events.ts';
import { PACKED_FLAG } from '../../../devices/virtio/packed-layout.ts';
import { DESCRIPTOR_FLAG } from '../../../devices/virtio/queue-layout.ts';
import { hex } from '../../page/numbers.ts';
import { HexDump } from './hex-dump.tsx';

/** Flags of a descriptor; those of a packed ring include its wrap bits. @spec virtio 1.2 §2.7.5, §2.8.1 */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [DESCRIPTOR_FLAG.next, 'NEXT'],
  [DESCRIPTOR_FLAG.write, 'WRITE'],
  [DESCRIPTOR_FLAG.indirect, 'INDIRECT'],
  [PACKED_FLAG.avail, 'AVAIL'],
  [PACKED_FLAG.used, 'USED'],
];

/** Bytes shown of each buffer. */
const MOST_BYTES = 64;

export interface DescriptorTableProps {
  readonly descriptors: readonly DescriptorSeen[];
  /** Descriptors that are not kept. */
  readonly more: number;
  /** First bytes of what the device read, and of what it wrote. */
  readonly read?: Uint8Array | undefined;
  readonly written?: Uint8Array | undefined;
}

/** The table; with bytes, what each buffer holds as far as it was recorded. */
export function DescriptorTable({ descriptors, more, read, written }: DescriptorTableProps) {
  const pieces = buffersOf(descriptors, read, written);
  return (
    <div class="scrolls">
      <table class="data descriptors">
        <thead>
          <tr>
            <th scope="col">Descriptor</th>
            <th scope="col">Address</th>
            <th scope="col" class="number">
              Length
            </th>
            <th scope="col">Flags</th>
            <th scope="col" class="number" title="next descriptor, or buffer id of a packed ring">
              Next, id
            </th>
          </tr>
        </thead>
        <tbody>
          {descriptors.map(({ table, index, address, length, flags, nextOrId }, at) => (
            <Fragment key={at}>
              <tr>
                <td class="number">
                  {table === 'indirect' && <span class="quiet">indirect </span>}
                  {index}
                </td>
                <td class="number">{hex(address)}</td>
                <td class="number">{length}</td>
                <td class="mono">
                  {FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([bit, name]) => (
                    <span key={bit} class={bit === DESCRIPTOR_FLAG.write ? 'flag warm' : 'flag'}>
                      {name}
                    </span>
                  ))}
                </td>
                <td class="number">{table === 'ring' && (flags & DESCRIPTOR_FLAG.indirect) === 0 && nextOrId}</td>
              </tr>
              {pieces[at] !== undefined && (
                <tr class="buffer">
                  <td colSpan={5}>
                    <HexDump label={`Bytes of descriptor ${index}`} bytes={pieces[at]} most={MOST_BYTES} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="quiet">and {more} descriptors more</p>}
    </div>
  );
}

/** What is known of the bytes in each descriptor's buffer: readable and writable ones are filled in turn. */
function buffersOf(
  descriptors: readonly DescriptorSeen[],
  read: Uint8Array = new Uint8Array(0),
  written: Uint8Array = new Uint8Array(0),
): (Uint8Array | undefined)[] {
  let [readAt, writtenAt] = [0, 0];
  return descriptors.map(({ length, flags }) => {
    if ((flags & DESCRIPTOR_FLAG.indirect) !== 0) return undefined;
    const isWritable = (flags & DESCRIPTOR_FLAG.write) !== 0;
    const [bytes, at] = isWritable ? [written, writtenAt] : [read, readAt];
    if (isWritable) writtenAt += length;
    else readAt += length;
    const piece = bytes.subarray(at, at + length);
    return piece.length === 0 ? undefined : piece;
  });
}
