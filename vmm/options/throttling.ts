import type { Limit, Measure, Scope, Throttling } from '../../ninep/layers/throttle/limits.ts';
import { checkThrottling, MEASURES, RATE_MAX, SCOPES } from '../../ninep/layers/throttle/limits.ts';
import type { OptionRow } from './option-table.ts';
import { integer } from './value-type.ts';

type LimitName = `${Measure}-${Scope}`;

/** The names of QEMU's throttling options. */
export type ThrottlingKey = `throttling.${LimitName}${'' | '-max' | '-max-length'}` | 'throttling.iops-size';

const UNITS: Readonly<Record<Measure, string>> = { bps: 'bytes', iops: 'operations' };
const SCOPE_NAMES: Readonly<Record<Scope, string>> = { total: 'read and written', read: 'read', write: 'written' };

function rowsOf(measure: Measure, scope: Scope): [ThrottlingKey, OptionRow<number>][] {
  const what = `${UNITS[measure]} a second, ${SCOPE_NAMES[scope]}`;
  return [
    [`throttling.${measure}-${scope}`, { type: integer(0, RATE_MAX), doc: `most ${what}` }],
    [`throttling.${measure}-${scope}-max`, { type: integer(0, RATE_MAX), doc: `most ${what}, in a burst` }],
    [`throttling.${measure}-${scope}-max-length`, { type: integer(1, RATE_MAX), doc: 'seconds a burst may last' }],
  ];
}

/** Limits on the traffic of a share. @spec QEMU 9psetup, -fsdev throttling */
export const THROTTLING = Object.fromEntries([
  ...MEASURES.flatMap((measure) => SCOPES.flatMap((scope) => rowsOf(measure, scope))),
  ['throttling.iops-size', { type: integer(0, RATE_MAX), doc: 'bytes that count as one operation' }],
]) as Readonly<Record<ThrottlingKey, OptionRow<number>>>;

/**
 * What the throttling keys of an option string say, or undefined where it has none.
 *
 * @throws RangeError, one line, for limits that contradict each other.
 */
export function readThrottling(values: { readonly [K in ThrottlingKey]?: number }): Throttling | undefined {
  if (!Object.keys(values).some((key) => key.startsWith('throttling.'))) return undefined;
  const limitsOf = (measure: Measure) => {
    const limits = SCOPES.map((scope) => [scope, readLimit(values, `${measure}-${scope}`)] as const);
    return Object.fromEntries(limits.filter(([, limit]) => limit !== undefined));
  };
  const iopsSize = values['throttling.iops-size'];
  const throttling = {
    bps: limitsOf('bps'),
    iops: limitsOf('iops'),
    ...(iopsSize === undefined ? {} : { iopsSize }),
  };
  checkThrottling(throttling);
  return throttling;
}

/** A burst without a rate is read as one above no limit, which the check refuses. */
function readLimit(values: { readonly [K in ThrottlingKey]?: number }, name: LimitName): Limit | undefined {
  const rate = values[`throttling.${name}`];
  const burst = values[`throttling.${name}-max`];
  const burstSeconds = values[`throttling.${name}-max-length`];
  if (rate === undefined && burst === undefined && burstSeconds === undefined) return undefined;
  return {
    rate: rate ?? 0,
    ...(burst === undefined ? {} : { burst }),
    ...(burstSeconds === undefined ? {} : { burstSeconds }),
  };
}
