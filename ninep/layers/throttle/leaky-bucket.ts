import type { Limit } from './limits.ts';

/** What a bucket holds before it makes anybody wait, where no burst is allowed: a tenth of a second's worth. */
const SLACK = 0.1;

/**
 * One limit at work: what passes is poured in, and leaks out at the rate of the limit; while there is too much in it, the
 * next one waits. Bursts longer than a second have a second bucket, which leaks at the rate of the burst.
 *
 * @spec QEMU util/throttle.c, docs/throttle.txt
 */
export class LeakyBucket {
  private readonly rate: number;
  private readonly burst: number;
  private readonly burstSeconds: number;
  private level = 0;
  private burstLevel = 0;

  constructor({ rate, burst = 0, burstSeconds = 1 }: Limit) {
    this.rate = rate;
    this.burst = burst;
    this.burstSeconds = burstSeconds;
  }

  /** Lets so much time pass. */
  leak(seconds: number): void {
    this.level = Math.max(0, this.level - this.rate * seconds);
    if (this.burstSeconds > 1) this.burstLevel = Math.max(0, this.burstLevel - this.burst * seconds);
  }

  /** Seconds until the next one may pass; 0 for at once. */
  wait(): number {
    const { rate, burst, burstSeconds } = this;
    const size = burst > 0 ? burst * burstSeconds : rate * SLACK;
    if (this.level > size) return (this.level - size) / rate;
    if (burstSeconds > 1 && this.burstLevel > burst * SLACK) return (this.burstLevel - burst * SLACK) / burst;
    return 0;
  }

  /** Counts what passes. */
  pour(units: number): void {
    this.level += units;
    if (this.burstSeconds > 1) this.burstLevel += units;
  }
}
