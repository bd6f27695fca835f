import type { Backend, MaybeAsync, Node, OpenFile } from './backend.ts';
import { type ErrnoName, fail } from './errno.ts';
import { after, attempt, isPending } from './maybe-async.ts';
import type { Plan9Fid } from './plan9-fid.ts';
import { type FidNumber, NOFID } from './wire-types.ts';

/**
 * What a fid can be:
 *
 *     reserved --bind--> walked --begin--> changing --opened--> open
 *         |                ^  |               |
 *         |                |  |               +--undo--> walked
 *         |                |  +--collect--> xattr-write
 *         +--capture--> xattr-read
 *
 * and any of them ends in `gone` by `retire`. `reserved` is a newfid whose walk is under way; `changing` is a fid whose
 * open, create or walk in place is under way, which no second one may join.
 */
const TRANSITIONS = {
  reserved: { bind: 'walked', capture: 'xattr-read', retire: 'gone' },
  walked: { begin: 'changing', collect: 'xattr-write', retire: 'gone' },
  changing: { opened: 'open', undo: 'walked', retire: 'gone' },
  open: { retire: 'gone' },
  'xattr-read': { retire: 'gone' },
  'xattr-write': { retire: 'gone' },
  gone: { opened: 'gone', undo: 'gone', retire: 'gone' },
} as const satisfies Record<string, Partial<Record<FidEvent, string>>>;

/** What can happen to a fid. */
export type FidEvent = 'bind' | 'begin' | 'opened' | 'undo' | 'capture' | 'collect' | 'retire';

/** A fid's state: the rows of the transition table. */
export type FidState = keyof typeof TRANSITIONS;

/** How a client is told that an event cannot happen to a fid in its state. */
const REFUSALS: Record<FidEvent, ErrnoName> = {
  bind: 'EBADF',
  begin: 'EINVAL',
  opened: 'EBADF',
  undo: 'EBADF',
  capture: 'EBADF',
  collect: 'EINVAL',
  retire: 'EBADF',
};

/** The state after `event`, or undefined where the table has none. */
export function transition(state: FidState, event: FidEvent): FidState | undefined {
  const row: Partial<Record<FidEvent, FidState>> = TRANSITIONS[state];
  return row[event];
}

/** An extended attribute that a fid stands for between Txattrwalk or Txattrcreate and Tclunk. */
export interface XattrValue {
  readonly name: Uint8Array;
  /** The captured value, or the buffer that collects one. */
  readonly value: Uint8Array;
  /** Of Txattrcreate. */
  readonly flags: number;
  /** Bytes collected so far. */
  filled: number;
}

/**
 * A fid and the objects it holds. Requests count themselves as users while they are under way, so whatever happens to
 * the fid's number meanwhile, its node and file are released only after the last of them.
 */
export class Fid {
  readonly number: FidNumber;
  state: FidState = 'reserved';
  /** Requests that hold this fid. */
  users = 0;
  backend: Backend | undefined = undefined;
  node: Node | undefined = undefined;
  file: OpenFile | undefined = undefined;
  xattr: XattrValue | undefined = undefined;
  /** In 9P2000 and 9P2000.u only. */
  plan9: Plan9Fid | undefined = undefined;

  constructor(number: FidNumber) {
    this.number = number;
  }

  /** Moves along the transition table, or fails with the event's errno (EINVAL or EBADF). */
  move(event: FidEvent): void {
    const next = transition(this.state, event);
    if (next === undefined) fail(REFUSALS[event]);
    this.state = next;
  }

  /** The file system object this fid stands for; EBADF for a fid that has none (reserved, or an attribute's value). */
  requireNode(): Node {
    if (this.node === undefined || this.state === 'xattr-write') fail('EBADF');
    return this.node;
  }

  /** The open file; EBADF if the fid was not opened. */
  requireFile(): OpenFile {
    if (this.file === undefined) fail('EBADF');
    return this.file;
  }

  /** Releases file and node; called once, when the fid is gone and has no users. Removes a file opened with ORCLOSE. */
  dispose(): MaybeAsync<void> {
    const { node, file } = this;
    this.node = undefined;
    this.file = undefined;
    this.xattr = undefined;
    if (this.plan9?.removeOnClose === true && node !== undefined) {
      const remove = () =>
        lastly(
          () => node.removeSelf(),
          () => node.release(),
        );
      return lastly(() => file?.release(), remove);
    }
    if (file === undefined) return node?.release();
    let closed: MaybeAsync<void>;
    try {
      closed = file.release();
    } catch (error) {
      return after(node?.release(), () => {
        throw error;
      });
    }
    if (!isPending(closed)) return node?.release();
    return closed.finally(() => node?.release());
  }
}

/** Does the second whatever comes of the first, now or later; fails with the first failure. */
function lastly(first: () => MaybeAsync<void>, second: () => MaybeAsync<void>): MaybeAsync<void> {
  return attempt(first, second, (error) =>
    after(second(), () => {
      throw error;
    }),
  );
}

/** Numbers without a fid that may stay in a table. */
const MOST_VACANT = 1024;

/**
 * The fids of one connection.
 *
 * Clients use the same few numbers again and again. A number that is deleted from a large Map and put back leaves a hole in its
 * chain each time, through which every later look-up of it goes; so the entry of a fid that is gone stays for a while, empty.
 */
export class FidTable {
  private readonly byNumber = new Map<FidNumber, Fid | undefined>();
  /** Numbers whose entries were emptied since the last were deleted. */
  private readonly vacant: FidNumber[] = [];
  private count = 0;
  private readonly limit: number;

  /** @param limit the most fids that can exist at once; one more fails with ENFILE. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.count;
  }

  /** The fid of that number; fails with `unknown` if there is none, or if the walk that makes it is still under way. */
  get(number: FidNumber, unknown: ErrnoName = 'EBADF'): Fid {
    const fid = this.byNumber.get(number);
    if (fid === undefined || fid.state === 'reserved') fail(unknown);
    return fid;
  }

  /** The same, or undefined where `get` would fail. */
  find(number: number): Fid | undefined {
    const fid = this.byNumber.get(number as FidNumber);
    return fid?.state === 'reserved' ? undefined : fid;
  }

  /** Takes a free number for a new fid. EINVAL if it is in use or is NOFID, ENFILE at the limit. */
  reserve(number: FidNumber): Fid {
    if (number === NOFID || this.byNumber.get(number) !== undefined) fail('EINVAL');
    if (this.count >= this.limit) fail('ENFILE');
    return this.put(new Fid(number));
  }

  /** Takes the fid out of the table; its number is free at once. It is to be disposed when it has no users. */
  retire(fid: Fid): void {
    fid.move('retire');
    if (this.byNumber.get(fid.number) !== fid) return;
    this.byNumber.set(fid.number, undefined);
    this.count--;
    this.vacant.push(fid.number);
    if (this.vacant.length > MOST_VACANT) this.deleteVacant();
  }

  /**
   * Puts a fid with another node under the number of `old`, which is retired.
   *
   * @returns the new fid, or undefined if `old` was clunked meanwhile.
   */
  replace(old: Fid, node: Node): Fid | undefined {
    if (this.byNumber.get(old.number) !== old) return undefined;
    this.retire(old);
    const fid = new Fid(old.number);
    fid.backend = old.backend;
    fid.node = node;
    fid.move('bind');
    return this.put(fid);
  }

  /** Every fid, for the end of the connection. */
  all(): Fid[] {
    return [...this.byNumber.values()].filter((fid) => fid !== undefined);
  }

  private put(fid: Fid): Fid {
    this.byNumber.set(fid.number, fid);
    this.count++;
    return fid;
  }

  private deleteVacant(): void {
    for (const number of this.vacant.splice(0)) {
      if (this.byNumber.get(number) === undefined) this.byNumber.delete(number);
    }
  }
}
