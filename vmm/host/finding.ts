/** What one check of this host found. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  /** `bad`: guests cannot run; `warn`: they can, with a limit worth knowing. */
  readonly state: 'ok' | 'warn' | 'bad';
  /** What is there. */
  readonly found: string;
  /** The command, or the act, that mends it. */
  readonly remedy?: string;
}

/** Whether nothing found keeps this host from running guests. */
export function canRunGuests(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'bad');
}
