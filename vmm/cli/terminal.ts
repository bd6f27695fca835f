import type { InputStream, ProcessEvents } from './process-io.ts';

/** Names of the events on which a terminal is put back as it was. */
const ENDS = ['exit', 'uncaughtExceptionMonitor'] as const;

/** A terminal in raw mode: every key goes to the reader, none to the terminal driver. */
export interface RawTerminal {
  /** Puts the terminal back as it was. Idempotent. */
  restore(): void;
}

/**
 * Makes a terminal raw until `restore`, or until the process ends or is suspended in whatever way can be noticed.
 * Continued after a suspension, it is raw again.
 */
export function makeRaw(stdin: InputStream, events: ProcessEvents, suspend: () => void): RawTerminal {
  const setRaw = (raw: boolean): void => {
    stdin.setRawMode?.(raw);
  };
  const onSuspend = (): void => {
    setRaw(false);
    suspend();
  };
  const onContinue = (): void => setRaw(true);
  let restored = false;
  const restore = (): void => {
    if (restored) return;
    restored = true;
    for (const end of ENDS) events.off(end, restore);
    events.off('SIGTSTP', onSuspend);
    events.off('SIGCONT', onContinue);
    setRaw(false);
  };
  for (const end of ENDS) events.on(end, restore);
  events.on('SIGTSTP', onSuspend);
  events.on('SIGCONT', onContinue);
  setRaw(true);
  return { restore };
}
