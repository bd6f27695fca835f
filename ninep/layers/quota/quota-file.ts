import { totalLength } from '../../../bytes/segments.ts';
import type { AttributeChange, MaybeAsync, OpenFile, Request } from '../../backend.ts';
import { OPEN_FLAGS } from '../../constants.ts';
import { after } from '../../maybe-async.ts';
import { LayerFile } from '../layer-file.ts';
import type { Account, ChargedNode } from './account.ts';
import { roomToWrite } from './room-to-write.ts';

/** An open file whose writes are charged to the node it was opened by, which outlives it. */
export class QuotaFile extends LayerFile {
  private readonly account: Account;
  private readonly node: ChargedNode;
  private readonly appends: boolean;

  constructor(inner: OpenFile, account: Account, node: ChargedNode, flags: number) {
    super(inner);
    this.account = account;
    this.node = node;
    this.appends = (flags & OPEN_FLAGS.O_APPEND) !== 0;
  }

  override write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    const { account, node } = this;
    const length = totalLength(from);
    if (length === 0) return this.inner.write(offset, from, request);
    return account.onceMeasured(() => {
      const fitting = roomToWrite(account.ledger, node.inner, this.appends ? undefined : offset, from, length);
      return after(fitting, ({ from, reservation }) =>
        account.within(reservation, () =>
          account.charging(node, reservation.bytes, () => this.inner.write(offset, from, request)),
        ),
      );
    }, request);
  }

  protected override change(inner: OpenFile, change: AttributeChange): MaybeAsync<void> {
    if (change.size === undefined) return super.change(inner, change);
    return this.account.onceMeasured(() => this.account.charging(this.node, 0, () => super.change(inner, change)));
  }
}
