import type { AnyBody } from '../../ninep/codec.ts';
import { DM } from '../../ninep/plan9.ts';
import type { Random } from '../support/random.ts';

/** What a fid is good for, as far as its client has seen. */
export type FidKind = 'directory' | 'file' | 'open-directory' | 'open-file' | 'xattr';

/** Fids a conversation uses: few, so that requests meet. */
export const FID_COUNT = 24;

/** What a client knows of its fids from the replies it has seen; it may be wrong while requests overtake each other. */
export class KnownFids {
  private readonly kinds = new Map<number, FidKind>();

  get isEmpty(): boolean {
    return this.kinds.size === 0;
  }

  /** A fid of one of these kinds, or any at all if there is none. */
  pick(random: Random, kinds: readonly FidKind[]): number {
    const fitting: number[] = [];
    for (const [fid, kind] of this.kinds) if (kinds.includes(kind)) fitting.push(fid);
    return fitting.length === 0 ? random.below(FID_COUNT) : random.pick(fitting);
  }

  /** A fid number that is free, if there is one. */
  free(random: Random): number {
    const start = random.below(FID_COUNT);
    for (let i = 0; i < FID_COUNT; i++) {
      const fid = (start + i) % FID_COUNT;
      if (!this.kinds.has(fid)) return fid;
    }
    return start;
  }

  /** Nothing is known any more. */
  clear(): void {
    this.kinds.clear();
  }

  /** Learns from a request and the body of its reply; `undefined` is an error. */
  learn(name: string, request: AnyBody, reply: AnyBody | undefined): void {
    const fid = Number(request.fid);
    if (name === 'Tclunk' || name === 'Tremove') this.kinds.delete(fid);
    if (reply === undefined) return;
    if (name === 'Tattach') this.kinds.set(fid, 'directory');
    if (name === 'Tversion') this.clear();
    if (name === 'Twalk') this.walked(request, reply);
    if (name === 'Tlopen' || name === 'Topen')
      this.kinds.set(fid, isDirectory(reply.qid) ? 'open-directory' : 'open-file');
    if (name === 'Tlcreate') this.kinds.set(fid, 'open-file');
    if (name === 'Tcreate') this.kinds.set(fid, madeBy(Number(request.perm)));
    if (name === 'Txattrwalk') this.kinds.set(Number(request.newfid), 'xattr');
    if (name === 'Txattrcreate') this.kinds.set(fid, 'xattr');
  }

  private walked(request: AnyBody, { wqid }: AnyBody): void {
    if (!Array.isArray(wqid) || !Array.isArray(request.wname) || wqid.length < request.wname.length) return;
    const from = this.kinds.get(Number(request.fid));
    const last: unknown = wqid.at(-1);
    const cloned = from === 'file' || from === 'open-file' ? 'file' : 'directory';
    const found = isDirectory(last) ? 'directory' : 'file';
    this.kinds.set(Number(request.newfid), last === undefined ? cloned : found);
  }
}

function isDirectory(qid: unknown): boolean {
  return typeof qid === 'object' && qid !== null && 'type' in qid && qid.type === 0x80;
}

/** What Tcreate leaves in its fid: links, devices and their like are made and not opened. */
function madeBy(perm: number): FidKind {
  if ((perm & DM.DMDIR) !== 0) return 'open-directory';
  return (perm & (DM.DMSYMLINK | DM.DMLINK | DM.DMDEVICE | DM.DMNAMEDPIPE | DM.DMSOCKET)) === 0 ? 'open-file' : 'file';
}
