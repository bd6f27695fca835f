/** One client of the share: works on a file of its own and knows what must be in it. */
import { createHash } from 'node:crypto';
import { type Payload, utf8 } from '../../bytes/wire.ts';
import { type Client, TakenBack } from '../../ninep/client/client.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import type { ReplyBody, RequestBody, RequestName } from '../../ninep/messages.ts';
import { fidNumber } from '../../ninep/wire-types.ts';
import type { Random } from '../support/random.ts';
import { RequestsFailed } from './patience.ts';

/** The most data in one message, and the length of a file. */
export const MOST_DATA = 2048;
const FILE_LENGTH = 16_384;
const SIZE = 0x200n;
const READ_WRITE_CREATE = 0o102;

/** Length of the random bytes that writes take pieces of. */
const POOL_LENGTH = 1 << 16;

/** Random bytes for all workers of a campaign. */
export function makePool(random: Random): Uint8Array {
  return Uint8Array.from({ length: POOL_LENGTH }, () => random.next() & 0xff);
}

/** How a worker reaches the share: as the client does, but what a reset took away is sent again. */
export interface Line {
  readonly client: Client;
  /** Sends a request until it is answered. */
  call<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ReplyBody<N>>;
  /** Runs `attempt` until no reset comes between. */
  steadily<T>(attempt: () => Promise<T>): Promise<T>;
}

/** One worker; its fids are `3 * index + 1` and the two after it, its file is named after its index. */
export class Worker {
  readonly #random: Random;
  readonly #line: Line;
  readonly #index: number;
  readonly #content = new Uint8Array(FILE_LENGTH);
  readonly #pool: Uint8Array;
  #length = 0;

  /** @param pool made by `makePool` */
  constructor(index: number, random: Random, line: Line, pool: Uint8Array) {
    this.#index = index;
    this.#random = random;
    this.#line = line;
    this.#pool = pool;
  }

  get #file() {
    return fidNumber(3 * this.#index + 1);
  }

  /** Makes its file. */
  async open(): Promise<void> {
    const { client } = this.#line;
    await client.call('Twalk', { fid: fidNumber(0), newfid: this.#file, wname: [] });
    const name = utf8(`file-${this.#index}`);
    await client.call('Tlcreate', { fid: this.#file, name, flags: READ_WRITE_CREATE, mode: 0o644, gid: 0 });
  }

  /** Does one thing, and looks at what comes of it. */
  async step(): Promise<void> {
    const kind = this.#random.below(20);
    if (kind < 8) await this.#write();
    else if (kind < 16) await this.#read();
    else if (kind < 18) await this.#measure();
    else if (kind < 19) await this.#walk();
    else await this.#flush();
  }

  /** Reads the whole file; its checksum must be that of what was written. */
  async check(): Promise<void> {
    const hash = createHash('sha256');
    let offset = 0;
    for (;;) {
      const { data } = await this.#line.call('Tread', { fid: this.#file, offset: BigInt(offset), count: MOST_DATA });
      if (data.length === 0) break;
      for (const segment of data.segments) hash.update(segment);
      offset += data.length;
    }
    const expected = createHash('sha256').update(this.#content.subarray(0, this.#length)).digest('hex');
    if (hash.digest('hex') !== expected) throw new RequestsFailed(`file ${this.#index}: the checksum is wrong`);
  }

  async #write(): Promise<void> {
    const length = 1 + this.#random.below(MOST_DATA);
    const offset = this.#random.below(Math.min(this.#length, FILE_LENGTH - length) + 1);
    const from = this.#random.below(POOL_LENGTH - length);
    const bytes = this.#pool.subarray(from, from + length);
    const body = { fid: this.#file, offset: BigInt(offset), data: { segments: [bytes], length } };
    const { count } = await this.#line.call('Twrite', body);
    if (count !== length) throw new RequestsFailed(`file ${this.#index}: ${count} of ${length} bytes were written`);
    this.#content.set(bytes, offset);
    this.#length = Math.max(this.#length, offset + length);
  }

  async #read(): Promise<void> {
    const offset = this.#random.below(this.#length + 1);
    const count = 1 + this.#random.below(MOST_DATA);
    const { data } = await this.#line.call('Tread', { fid: this.#file, offset: BigInt(offset), count });
    this.#compare(data, offset, count);
  }

  #compare({ segments }: Payload, offset: number, count: number): void {
    const expected = this.#content.subarray(offset, Math.min(offset + count, this.#length));
    if (Buffer.compare(Buffer.concat(segments), expected) !== 0) {
      throw new RequestsFailed(`file ${this.#index}: other bytes came back from ${offset} on than were written`);
    }
  }

  async #measure(): Promise<void> {
    const { size } = await this.#line.call('Tgetattr', { fid: this.#file, request_mask: SIZE });
    if (size !== BigInt(this.#length)) {
      throw new RequestsFailed(`file ${this.#index} has ${size} bytes instead of ${this.#length}`);
    }
  }

  /** Two requests that only go together. After a reset of the queue it is not known which of them were served. */
  async #walk(): Promise<void> {
    const { client } = this.#line;
    const newfid = fidNumber(3 * this.#index + 2);
    await this.#line.steadily(async () => {
      await client.call('Tclunk', { fid: newfid }).catch(notThere);
      await client.call('Twalk', { fid: fidNumber(0), newfid, wname: [utf8(`file-${this.#index}`)] });
      await client.call('Tclunk', { fid: newfid });
    });
  }

  /** A read, and its Tflush before there is an answer: what is flushed comes back before the flush does. */
  async #flush(): Promise<void> {
    const { client } = this.#line;
    await this.#line.steadily(async () => {
      let back = false;
      const read = client.send('Tread', { fid: this.#file, offset: 0n, count: MOST_DATA });
      const ended = read.reply.then(
        ({ data }) => {
          back = true;
          this.#compare(data, 0, MOST_DATA);
        },
        (error: unknown) => {
          back = true;
          if (!(error instanceof TakenBack)) throw error;
        },
      );
      const [, flushed] = await Promise.allSettled([
        ended,
        client.call('Tflush', { oldtag: read.tag }).then(() => back),
      ]);
      await ended;
      if (flushed.status === 'rejected') throw flushed.reason;
      if (!flushed.value) throw new RequestsFailed('a Tflush was answered before its target');
    });
  }
}

function notThere(error: unknown): void {
  if (error !== errnoOf(ERRNO.EBADF)) throw error;
}
