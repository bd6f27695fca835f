import { ByteWriter } from '../../../bytes/cursor.ts';
import { copyOut } from '../../../bytes/segments.ts';
import type { Payload } from '../../../bytes/wire.ts';
import type { AnyBody, Codec } from '../../codec.ts';
import { HEADER_SIZE } from '../../constants.ts';
import type { Segments } from '../../frame-handler.ts';
import type { Tag } from '../../wire-types.ts';

/** Data up to here is copied into the message: cheaper than a second piece on its way. */
const SHORT_DATA = 2048;

/** A request as the pieces to send: data stays where it is unless it is short. */
export function framesOf({ request, body }: { readonly request: Codec; readonly body: AnyBody }, tag: Tag): Segments {
  const size = HEADER_SIZE + request.size(body);
  const data = request.payloadField === undefined ? undefined : (body[request.payloadField] as Payload);
  const inHead = data === undefined || data.length <= SHORT_DATA ? 0 : data.length;
  const head = new Uint8Array(size - inHead);
  const to = new ByteWriter(head);
  to.u32(size);
  to.u8(request.type);
  to.u16(tag);
  request.encodeHead(to, body);
  if (data === undefined) return [head];
  if (inHead > 0) return [head, ...data.segments];
  copyOut(data.segments, 0, head.subarray(to.length), data.length);
  return [head];
}
