import type { Finding } from './finding.ts';
import type { HostProbe } from './probe.ts';

/** What a check says beside its name. */
export type Observation = Omit<Finding, 'check'>;

/** One thing to look at on a host. */
export interface HostCheck {
  readonly check: string;
  look(host: HostProbe): Observation | Promise<Observation>;
}

/** All is well. */
export function ok(found: string): Observation {
  return { state: 'ok', found };
}

/** Guests can run, with a limit worth knowing. */
export function warn(found: string, remedy?: string): Observation {
  return { state: 'warn', found, ...(remedy === undefined ? {} : { remedy }) };
}

/** Guests cannot run. */
export function bad(found: string, remedy: string): Observation {
  return { state: 'bad', found, remedy };
}
