import type { Credential, Name, Qid } from '../../backend.ts';
import { MAXWELEM } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { type FidNumber, NOFID } from '../../wire-types.ts';
import type { Channel } from './channel.ts';
import type { Lifeline } from './lifeline.ts';

/** n_uname of someone who gives only a name. @spec 9P2000.u attach: NONUNAME */
const NONUNAME = 0xffff_ffff;

/** One user's way into the helper's tree: attached again with each new helper, when it is first needed. */
export class Attachment {
  readonly lifeline: Lifeline;
  private readonly credential: Credential;
  private users = 0;
  private root: { readonly channel: Channel; readonly fid: Promise<FidNumber> } | undefined = undefined;
  private rootQid: Qid | undefined = undefined;

  constructor(lifeline: Lifeline, credential: Credential) {
    this.lifeline = lifeline;
    this.credential = credential;
  }

  retain(): this {
    this.users++;
    return this;
  }

  /** The last to release it takes its root fid along. */
  async release(): Promise<void> {
    const { root } = this;
    if (--this.users > 0 || root === undefined) return;
    this.root = undefined;
    const fid = await root.fid.catch(() => undefined);
    if (fid !== undefined) await root.channel.clunk(fid);
  }

  /** A new fid for what these names lead to from the root, and its qid. ESTALE if they lead nowhere. */
  async find(channel: Channel, names: readonly Name[]): Promise<{ readonly fid: FidNumber; readonly qid: Qid }> {
    const root = await this.rootOn(channel);
    const fid = channel.newFid();
    let from = root;
    let { rootQid: qid = fail('ESTALE') } = this;
    let done = 0;
    do {
      const wname = names.slice(done, done + MAXWELEM);
      const qids = await walk(channel, from, fid, wname).catch(() => undefined);
      if (qids === undefined || qids.length < wname.length) {
        if (from === fid) await channel.clunk(fid);
        return fail(channel.ended === undefined ? 'ESTALE' : 'EIO');
      }
      qid = qids.at(-1) ?? qid;
      done += wname.length;
      from = fid;
    } while (done < names.length);
    return { fid, qid };
  }

  private rootOn(channel: Channel): Promise<FidNumber> {
    if (this.root?.channel !== channel) {
      const fid = this.attach(channel);
      fid.catch(() => {
        if (this.root?.fid === fid) this.root = undefined;
      });
      this.root = { channel, fid };
    }
    return this.root.fid;
  }

  private async attach(channel: Channel): Promise<FidNumber> {
    const { uname, uid = NONUNAME, aname } = this.credential;
    const fid = channel.newFid();
    const { qid } = await channel.call('Tattach', { fid, afid: NOFID, uname, aname, n_uname: uid });
    if (this.rootQid !== undefined && !sameObject(qid, this.rootQid)) {
      await channel.clunk(fid);
      return fail('ESTALE');
    }
    this.rootQid = qid;
    return fid;
  }
}

/** Whether two qids mean one object, whatever has happened to its content. */
export function sameObject(one: Qid, other: Qid): boolean {
  return one.path === other.path && one.type === other.type;
}

/** One Twalk of up to 16 names. Where it does not arrive, a new fid's number is given back. */
export async function walk(
  channel: Channel,
  fid: FidNumber,
  newfid: FidNumber,
  wname: readonly Name[],
): Promise<readonly Qid[]> {
  let came = -1;
  try {
    const { wqid } = await channel.call('Twalk', { fid, newfid, wname });
    came = wqid.length;
    if (came > wname.length || (came === 0 && wname.length > 0)) {
      channel.broken(`a walk of ${wname.length} names came to ${came}`);
    }
    return wqid;
  } finally {
    if (came !== wname.length && newfid !== fid) channel.fids.give(newfid);
  }
}
