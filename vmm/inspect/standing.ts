/** Keeps this thread still until another one says otherwise, in a way that people can still end the process. */
import { isatty } from 'node:tty';
import { createContext, Script } from 'node:vm';

/** Signals that end a process and that a thread which stands could not answer. SIGINT is for `keptStill` itself. */
const FATAL = ['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGTSTP'] as const;

/** How it came to its end. */
export type Stillness = 'over' | 'interrupted';

const WAIT = new Script('wait()');

/**
 * Runs `wait`, which may block this thread for as long as it likes. Meanwhile a terminal that was raw is as it usually is, so
 * that Ctrl-C is a signal; SIGINT ends the waiting, whatever it hangs on; other signals have their usual effect, since their
 * listeners could not run.
 */
export function keptStill(wait: () => void): Stillness {
  const restore = [usualSignals(), cookedTerminal()];
  try {
    WAIT.runInContext(createContext({ wait }), { breakOnSigint: true });
    return 'over';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw error;
    return 'interrupted';
  } finally {
    for (const undo of restore) undo();
  }
}

function usualSignals(): () => void {
  const kept = FATAL.map((name) => ({ name, listeners: process.rawListeners(name) }));
  for (const { name } of kept) process.removeAllListeners(name);
  return () => {
    for (const { name, listeners } of kept) {
      for (const listener of listeners) process.on(name, listener as NodeJS.SignalsListener);
    }
  };
}

function cookedTerminal(): () => void {
  if (!isatty(0) || !process.stdin.isRaw) return () => {};
  process.stdin.setRawMode(false);
  return () => void process.stdin.setRawMode(true);
}
