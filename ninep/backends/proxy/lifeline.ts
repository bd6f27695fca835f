import type { MaybeAsync } from '../../backend.ts';
import { ERRNO, Errno, errnoOf, fail } from '../../errno.ts';
import type { Channel } from './channel.ts';
import { introduce } from './handshake.ts';
import type { Hello } from './hello.ts';
import type { Connector } from './link.ts';
import type { PulseOptions } from './pulse.ts';

/** Before each attempt in a row, in milliseconds; the last holds for all that follow. */
export const USUAL_BACK_OFF_MS: readonly number[] = [0, 100, 300, 1000, 3000, 5000];

/** A helper that lived this long was no failed attempt. */
const STABLE_MS = 10_000;

/** What a lifeline is made of. */
export interface LifelineOptions {
  readonly connector: Connector;
  readonly msize: number;
  readonly pulse: PulseOptions;
  /** Before each attempt in a row, in milliseconds; the last holds for all that follow. */
  readonly backOffMs: readonly number[];
  /** Is told in one line when the helper is lost, found again or given up. */
  readonly notice: (line: string) => void;
  /** Is run with each new conversation before anybody else has it. */
  readonly onConnected: (channel: Channel) => Promise<void>;
  /** Judges what a helper says of itself; throws an Error with one phrase if it will not do. */
  readonly accept?: ((hello: Hello) => void) | undefined;
}

/**
 * Keeps a helper at hand. When one is lost it seeks the next at once, then with growing pauses, until it has failed as often
 * in a row as the connector allows. Who asks meanwhile waits for the attempt under way and gets EIO if that fails.
 */
export class Lifeline {
  private readonly options: LifelineOptions;
  private channel: Channel | undefined = undefined;
  private attempt: Promise<Channel> | undefined = undefined;
  private failures = 0;
  private bornAt = 0;
  private closed = false;
  private pause: (() => void) | undefined = undefined;

  constructor(options: LifelineOptions) {
    this.options = options;
  }

  /** The conversation to use now. Fails with EIO if there is none and none can be had. */
  use(): MaybeAsync<Channel> {
    const { channel } = this;
    if (channel !== undefined && channel.ended === undefined) return channel;
    return this.seek().catch((error: unknown) => {
      if (error instanceof Errno) throw error;
      return fail('EIO');
    });
  }

  /** Begins the first conversation; rejects with an Error that says in one phrase why there is none. */
  async open(): Promise<void> {
    this.attempt = this.connect();
    try {
      await this.attempt;
    } finally {
      this.attempt = undefined;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pause?.();
    this.channel?.close();
    await this.options.connector.close();
    await this.attempt?.catch(() => {});
  }

  private seek(): Promise<Channel> {
    this.attempt ??= this.again().finally(() => {
      this.attempt = undefined;
    });
    return this.attempt;
  }

  private async again(): Promise<Channel> {
    const { connector, notice, backOffMs } = this.options;
    if (this.closed || this.failures >= connector.tries) return fail('EIO');
    const delay = backOffMs[Math.min(this.failures, backOffMs.length - 1)] ?? 0;
    this.failures++;
    if (delay > 0) await this.rest(delay);
    if (this.closed) return fail('EIO');
    try {
      const channel = await this.connect();
      notice('the helper is back');
      return channel;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const last = this.failures >= connector.tries;
      if (last) notice(`no helper: ${why}; given up, every request is answered EIO from now on`);
      else if (this.failures === 1) notice(`no helper: ${why}; trying again`);
      throw errnoOf(ERRNO.EIO);
    }
  }

  private async connect(): Promise<Channel> {
    const { connector, msize, pulse, accept, onConnected } = this.options;
    const link = await connector.connect();
    if (this.closed) {
      link.close();
      throw new Error('the share was closed');
    }
    const { channel, hello } = await introduce(link, { msize, pulse, onEnd: (reason) => this.lost(reason) });
    try {
      accept?.(hello);
    } catch (error) {
      channel.close();
      throw error;
    }
    this.bornAt = performance.now();
    await onConnected(channel);
    if (this.closed) channel.close();
    if (channel.ended !== undefined) throw new Error(channel.ended);
    this.channel = channel;
    return channel;
  }

  private lost(reason: string): void {
    if (this.closed) return;
    this.channel = undefined;
    if (performance.now() - this.bornAt >= STABLE_MS) this.failures = 0;
    this.options.notice(`the helper is lost: ${reason}; what was under way failed with EIO`);
    if (this.attempt === undefined) void this.persist();
  }

  /** Seeks until there is one or it is given up: locks that were held are to be had again soon, whoever asks. */
  private async persist(): Promise<void> {
    while (!this.closed && this.channel === undefined && this.failures < this.options.connector.tries) {
      await this.seek().catch(() => {});
    }
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.pause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
