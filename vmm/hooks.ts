import type { Progress } from './fixtures/progress.ts';

/** Who watches a machine being made and run; absent hooks cost nothing. */
export interface Hooks {
  /** Shown while kernel and root are made, once. */
  readonly progress?: Progress;
  /** One line for each 9P message, with the mount tag before it. */
  readonly trace?: (line: string) => void;
  /** Something a person should know, one line each: hints about the host, rules the guest broke. */
  readonly notice?: (line: string) => void;
}
