import type { HostCheck } from './check.ts';
import { ACCELERATOR_CHECKS } from './checks/accelerators.ts';
import { type FixtureState, fixtureChecks } from './checks/fixtures.ts';
import { KVM_CHECKS } from './checks/kvm.ts';
import { SYSTEM_CHECKS } from './checks/system.ts';
import type { Finding } from './finding.ts';
import { thisFixtureState } from './fixture-state.ts';
import { type HostProbe, thisHost } from './probe.ts';

/** Looks at the host this process runs on. */
export function inspectThisHost(): Promise<Finding[]> {
  return inspectHost(thisHost(), thisFixtureState());
}

/** Looks at a host: one finding for each check, in the order people read them. */
export async function inspectHost(host: HostProbe, fixtures: FixtureState): Promise<Finding[]> {
  const checks: readonly HostCheck[] = [
    ...SYSTEM_CHECKS,
    ...KVM_CHECKS,
    ...ACCELERATOR_CHECKS,
    ...fixtureChecks(fixtures),
  ];
  const findings: Finding[] = [];
  for (const { check, look } of checks) findings.push({ check, ...(await look(host)) });
  return findings;
}
