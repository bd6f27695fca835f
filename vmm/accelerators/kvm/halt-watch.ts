/** What a look at one vCPU tells about whether it can ever go on. */
export interface CpuRest {
  /** `halted` after HLT; `waiting` for INIT or SIPI; otherwise `runnable`. */
  readonly activity: 'runnable' | 'halted' | 'waiting';
  /** RFLAGS.IF: the CPU takes maskable interrupts. */
  readonly interruptsEnabled: boolean;
}

/**
 * True when no CPU will ever execute again: at least one has halted, and none is runnable or can be woken by an
 * interrupt. It is how Linux ends on `halt`, and on `poweroff` where it knows no way to switch the machine off.
 */
export function isHaltedForGood(cpus: readonly CpuRest[]): boolean {
  return (
    cpus.some((cpu) => cpu.activity === 'halted') &&
    cpus.every((cpu) => cpu.activity === 'waiting' || (cpu.activity === 'halted' && !cpu.interruptsEnabled))
  );
}

/** How often a machine that makes no exits is looked at, in milliseconds. */
const PERIOD_MS = 500;

/**
 * Watches for a machine halted for good. With the interrupt controllers in the kernel HLT makes no exit, so a look now
 * and then is the only way to learn of it; a machine that made exits meanwhile is not disturbed.
 *
 * @param exits how many exits the machine has made so far
 * @param look brings all CPUs to a stop, reads their state and lets them go on; undefined when it could not
 * @returns what ends the watch
 */
export function watchForHalt(
  exits: () => number,
  look: () => Promise<readonly CpuRest[] | undefined>,
  halted: () => void,
): () => void {
  let seen = exits();
  let looking = false;
  const timer = setInterval(async () => {
    const now = exits();
    if (now !== seen || looking) {
      seen = now;
      return;
    }
    looking = true;
    try {
      const cpus = await look();
      if (cpus !== undefined && isHaltedForGood(cpus)) {
        clearInterval(timer);
        halted();
      }
    } finally {
      looking = false;
    }
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
