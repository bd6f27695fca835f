import { describe, jest } from '@jest/globals';
import { Kvm } from '../kvm.ts';
import { patience } from './deadline.ts';

const longestTestMs = 120_000 * patience;

function reasonAgainst(): string | undefined {
  try {
    Kvm.open().close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const reason = reasonAgainst();

/** A `describe` for tests that need /dev/kvm: where it cannot be opened they are skipped, and the title says why. */
export function describeWithKvm(title: string, body: () => void): void {
  jest.setTimeout(longestTestMs);
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title} (skipped: ${reason})`, body);
}
