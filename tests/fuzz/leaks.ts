import { gather } from '../../ninep/client/client.ts';
import type { AnyBody } from '../../ninep/codec.ts';
import type { Target } from './targets.ts';

/** What a reply shows that is outside of the share, or that a backend keeps to itself; or undefined. */
export function leakIn({ data, qid, wqid, stat }: AnyBody, { canaries, secrets }: Target): string | undefined {
  if (isPayload(data)) {
    const bytes = Buffer.from(gather(data.segments, data.length));
    const secret = secrets.find((secret) => bytes.includes(secret));
    if (secret !== undefined) return `read what no client may see: '${secret}'`;
  }
  const told = isStat(stat) ? stat.qid : qid;
  const found = (Array.isArray(wqid) ? wqid : [told]).filter(isQid);
  const outside = found.some(({ path }) => canaries.some(({ inodes }) => inodes.has(path)));
  return outside ? 'found what is outside the share' : undefined;
}

function isPayload(value: unknown): value is { segments: readonly Uint8Array[]; length: number } {
  return typeof value === 'object' && value !== null && 'segments' in value;
}

function isQid(value: unknown): value is { path: bigint } {
  return typeof value === 'object' && value !== null && 'path' in value;
}

function isStat(value: unknown): value is { qid: unknown } {
  return typeof value === 'object' && value !== null && 'qid' in value;
}
