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

/** When a machine that makes no exits is looked at first, and then, in milliseconds. */
const FIRST_MS = 500;
/** Longest between two looks, in milliseconds. */
const LONGEST_MS = 4000;

/** What `watchForHalt` returns. */
export interface HaltWatch {
  /** The machine has made an exit. */
  exit(): void;
  /** Ends the watch, also for a look under way. */
  end(): void;
}

/**
 * Watches for a machine halted for good. With the interrupt controllers in the kernel HLT makes no exit, so a look now
 * and then is the only way to learn of it; a machine that made exits meanwhile is not disturbed. A look stops every CPU, so
 * one that goes on without exits, idle or computing, is looked at less and less often, until it makes one: whoever halts
 * has something to say or to write before.
 *
 * @param look brings all CPUs to a stop, reads their state and lets them go on; undefined or a rejection when it could not
 * @param halted called once at most
 */
export function watchForHalt(look: () => Promise<readonly CpuRest[] | undefined>, halted: () => void): HaltWatch {
  let exited = false;
  let looking = false;
  let over = false;
  /** Until the look after the next. */
  let rest = FIRST_MS;
  let timer: NodeJS.Timeout;
  const after = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void passed(), ms).unref();
  };
  const passed = async () => {
    if (exited) {
      exited = false;
      after(FIRST_MS);
      return;
    }
    looking = true;
    // A machine that cannot be looked at is not known to have halted; whatever is wrong with it shows elsewhere.
    const cpus = await look().catch(() => undefined);
    looking = false;
    if (over) return;
    if (cpus !== undefined && isHaltedForGood(cpus)) {
      over = true;
      halted();
    } else if (cpus === undefined || exited) after(FIRST_MS);
    else {
      after(rest);
      rest = Math.min(2 * rest, LONGEST_MS);
    }
  };
  after(FIRST_MS);
  return {
    exit() {
      exited = true;
      if (rest === FIRST_MS) return;
      rest = FIRST_MS;
      if (!over && !looking) after(FIRST_MS);
    },
    end() {
      over = true;
      clearTimeout(timer);
    },
  };
}
