import type { Backend, Credential, MaybeAsync } from './backend.ts';
import type { Call } from './call.ts';
import { fail } from './errno.ts';
import type { Fid, FidTable } from './fids.ts';
import type { Tag } from './wire-types.ts';

/** Several exports behind one transport. */
export interface ExportTable {
  /** The export a client asked for by its aname; throws an Errno (ENOENT, EACCES) if there is none for it. */
  select(credential: Credential): Backend;
}

/** What an operation sees of the session it runs in. */
export interface Connection {
  readonly fids: FidTable;
  /** Bytes of extended attributes that fids of this session may hold. */
  readonly xattrBudget: Budget;
  /** Largest message of either direction, in bytes. */
  readonly msize: number;
  /** Whether Rgetattr says how much one message carries, instead of the file system's own block size. */
  readonly scaleBlockSize: boolean;
  /** The backend for a client that attaches. */
  select(credential: Credential): Backend;
  /** The request under way with this tag. */
  findCall(tag: Tag): Call | undefined;
  /** Takes note of a bug of ours or a backend's. */
  report(error: unknown): void;
  /** Ends every request but `keep` and clunks every fid; nothing but Tversion is served until `negotiate`. */
  restart(keep: Call): MaybeAsync<void>;
  /** Agrees on a version and an msize; returns what Rversion says. EMSGSIZE for an msize below 4096. */
  negotiate(msize: number, version: string): { msize: number; version: string };
  /** Releases what a retired fid holds, unless a request still uses it. */
  settle(fid: Fid): MaybeAsync<void>;
}

/** An amount that is handed out and given back. */
export class Budget {
  private used = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes `amount`, or fails with ENOMEM. */
  take(amount: number): void {
    if (amount > this.limit - this.used) fail('ENOMEM');
    this.used += amount;
  }

  /** Gives back what was taken. */
  give(amount: number): void {
    this.used -= amount;
  }
}
