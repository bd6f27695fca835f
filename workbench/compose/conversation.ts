/** What was said over the queue, and in which dialect. */
import { VERSIONS, type Version } from '../../ninep/versions.ts';
import { readFrame } from './frame.ts';

/** A request and what came back for it. */
export interface Exchange {
  readonly number: number;
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

/** Exchanges kept. */
const MOST_EXCHANGES = 200;

/** The conversation of one device. */
export class Conversation {
  /** The dialect of the last Rversion; 9P2000.L before. */
  version: Version = '9P2000.L';
  exchanges: readonly Exchange[] = [];
  #count = 0;

  /** A reply was taken. */
  took(request: Uint8Array, reply: Uint8Array): void {
    this.#count += 1;
    this.exchanges = [...this.exchanges.slice(1 - MOST_EXCHANGES), { number: this.#count, request, reply }];
    const { name, body } = readFrame(reply, this.version);
    const agreed = VERSIONS.find((version) => version === body?.version);
    if (name === 'Rversion' && agreed !== undefined) this.version = agreed;
  }
}
