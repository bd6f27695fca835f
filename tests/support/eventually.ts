import { patience } from '../../node-kvm/test-support/deadline.ts';

/** Longest to wait for what a page or a process comes to show, in milliseconds: a host may have much else to do. */
export const PATIENCE_MS = 150_000 * patience;

/**
 * Does `look` again and again until it throws nothing, and gives what it gave; after PATIENCE_MS it rejects with what was
 * thrown last. For what is shown a moment after it was asked for.
 */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  for (const began = performance.now(); ; await new Promise((again) => setTimeout(again, 20))) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() - began > PATIENCE_MS) throw error;
    }
  }
}
