import type { MaybeAsync, Qid } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import type { FidNumber } from '../../wire-types.ts';
import { type Attachment, sameObject } from './attachment.ts';
import type { Channel } from './channel.ts';
import type { Place } from './place.ts';

/** A fid of the helper's. With the helper it dies, and is made again when it is next used. */
export class Remote {
  readonly attachment: Attachment;
  readonly place: Place;
  readonly qid: Qid;
  private channel: Channel;
  private fid: FidNumber;
  private readonly restore: ((channel: Channel, fid: FidNumber) => Promise<void>) | undefined;
  private revival: { readonly channel: Channel; readonly done: Promise<void> } | undefined = undefined;

  /**
   * Takes over a fid and one use of the place.
   *
   * @param restore brings a fid that was walked anew into the state this one was in.
   */
  constructor(
    fid: FidNumber,
    channel: Channel,
    from: { readonly attachment: Attachment; readonly place: Place; readonly qid: Qid },
    restore?: (channel: Channel, fid: FidNumber) => Promise<void>,
  ) {
    this.fid = fid;
    this.channel = channel;
    this.attachment = from.attachment.retain();
    this.place = from.place;
    this.qid = from.qid;
    this.restore = restore;
  }

  /**
   * Acts on this fid, with the helper there is now.
   *
   * ESTALE if there is no way to the object any more, or if it leads to another one; EIO if there is no helper.
   */
  use<T>(act: (channel: Channel, fid: FidNumber) => Promise<T>): Promise<T> {
    const channel = this.attachment.lifeline.use();
    if (channel === this.channel) return act(channel, this.fid);
    return this.useLater(channel, act);
  }

  /** This fid with that helper, made again if it has to be. */
  on(channel: Channel): MaybeAsync<FidNumber> {
    if (channel === this.channel) return this.fid;
    return after(this.revive(channel), () => (channel === this.channel ? this.fid : fail('EIO')));
  }

  async release(): Promise<void> {
    this.place.release();
    const { channel } = this;
    if (channel.ended === undefined) await channel.clunk(this.fid);
    await this.attachment.release();
  }

  private async useLater<T>(
    later: MaybeAsync<Channel>,
    act: (channel: Channel, fid: FidNumber) => Promise<T>,
  ): Promise<T> {
    const channel = await later;
    return act(channel, await this.on(channel));
  }

  private revive(channel: Channel): Promise<void> {
    if (this.revival?.channel !== channel) {
      const done = this.remake(channel).finally(() => {
        if (this.revival?.done === done) this.revival = undefined;
      });
      this.revival = { channel, done };
    }
    return this.revival.done;
  }

  private async remake(channel: Channel): Promise<void> {
    const names = this.place.path() ?? fail('ESTALE');
    const { fid, qid } = await this.attachment.find(channel, names);
    try {
      if (!sameObject(qid, this.qid)) fail('ESTALE');
      await this.restore?.(channel, fid);
    } catch (error) {
      await channel.clunk(fid);
      throw error;
    }
    this.channel = channel;
    this.fid = fid;
  }
}
