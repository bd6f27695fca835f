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
 * @param look brings all CPUs to a stop, reads their state and lets them go on; undefined or a rejection when it could not
 * @param halted called once at most
 * @returns what ends the watch, also for a look under way
 */
export function watchForHalt(
  exits: () => number,
  look: () => Promise<readonly CpuRest[] | undefined>,
  halted: () => void,
): () => void {
  let seen = exits();
  let looking = false;
  let over = false;
  const end = () => {
    over = true;
    clearInterval(timer);
  };
  const lookOnce = async () => {
    looking = true;
    // A machine that cannot be looked at is not known to have halted; whatever is wrong with it shows elsewhere.
    const cpus = await look().catch(() => undefined);
    looking = false;
    if (over || cpus === undefined || !isHaltedForGood(cpus)) return;
    end();
    halted();
  };
  const timer = setInterval(() => {
    const now = exits();
    if (now === seen && !looking) void lookOnce();
    seen = now;
  }, PERIOD_MS);
  timer.unref();
  return end;
}
