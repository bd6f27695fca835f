import type { WireType } from '../bytes/wire.ts';
import { HEADER_SIZE } from './constants.ts';
import { MESSAGES, type MessageBody, type MessageName } from './messages.ts';
import { formIn } from './versions.ts';

/**
 * Where a field of a message of 9P2000.L begins, in bytes from the start of the message.
 *
 * @throws Error for a field behind one whose size is not always the same: our bug.
 */
export function fieldOffset<N extends MessageName>(message: N, field: keyof MessageBody<N> & string): number {
  const row = MESSAGES.find(({ name }) => name === message);
  let at = HEADER_SIZE;
  for (const [name, type] of Object.entries<WireType<unknown>>(row?.fields ?? {})) {
    if (name === field) return at;
    const form = formIn(type, '9P2000.L');
    if (form.samples.some((sample) => form.size(sample) !== form.minimum)) break;
    at += form.minimum;
  }
  throw new Error(`${message} has no ${field} that always stands in the same place`);
}
