import { XATTR_SIZE_MAX } from '../../constants.ts';
import type { FidNumber } from '../../wire-types.ts';
import type { Channel } from './channel.ts';

/** The value of an attribute, or with an empty name the list of all names. */
export async function readXattr(channel: Channel, fid: FidNumber, name: Uint8Array): Promise<Uint8Array> {
  const newfid = channel.newFid();
  const { size } = await channel.call('Txattrwalk', { fid, newfid, name });
  if (size > BigInt(XATTR_SIZE_MAX)) channel.broken(`an attribute of ${size} bytes`);
  const value = new Uint8Array(Number(size));
  try {
    await fill(channel, newfid, value);
  } finally {
    await channel.clunk(newfid);
  }
  return value;
}

/** Captured when it was walked to, so it has all the bytes it was said to have. */
async function fill(channel: Channel, fid: FidNumber, value: Uint8Array): Promise<void> {
  for (let done = 0; done < value.length; ) {
    const rest = value.subarray(done);
    const { data } = await channel.call('Tread', { fid, offset: BigInt(done), count: rest.length }, { into: [rest] });
    if (data.length === 0) channel.broken('an attribute ended before its size');
    done += data.length;
  }
}

/** An attribute to set; empty with XATTR_REPLACE it is removed, as the protocol has no other way to say so. */
export interface XattrChange {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
}

/** Sets an attribute by a fid that is taken over, and gone afterwards. */
export async function writeXattr(channel: Channel, fid: FidNumber, { name, value, flags }: XattrChange): Promise<void> {
  try {
    await channel.call('Txattrcreate', { fid, name, attr_size: BigInt(value.length), flags });
    for (let done = 0; done < value.length; ) {
      const data = { segments: [value.subarray(done)], length: value.length - done };
      const { count } = await channel.call('Twrite', { fid, offset: BigInt(done), data });
      if (count === 0 || count > data.length) channel.broken(`${count} of ${data.length} bytes were written`);
      done += count;
    }
  } catch (error) {
    await channel.clunk(fid);
    throw error;
  }
  // This is where the helper sets it, and says whether it could; the fid is gone either way.
  try {
    await channel.call('Tclunk', { fid });
  } finally {
    channel.fids.give(fid);
  }
}
