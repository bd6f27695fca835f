import { type Calls, type Hostfs, SIGNATURES, showCall } from 'node-hostfs';
import { isPending } from '../../maybe-async.ts';

/** A system call that has ended. */
export interface HostCall {
  /** As manual pages have it. */
  readonly name: string;
  /** Gives the call with its arguments; to be asked while it is being told of, if at all. */
  readonly text: () => string;
  /** 0 or more, or a negative errno. */
  readonly result: number;
  /** Microseconds. */
  readonly took: number;
  readonly where: 'here' | 'pool';
}

/**
 * The calls, each told of when it has ended, in the asynchronous context it was made in. Only what is made through the
 * result is seen, so whoever does not watch pays nothing.
 *
 * @param clock the time in microseconds
 */
export function observedCalls(hostfs: Hostfs, clock: () => number, ended: (call: HostCall) => void): Hostfs {
  const observed: Record<string, unknown> = {};
  for (const call of Object.keys(SIGNATURES) as (keyof Calls)[]) {
    for (const [property, where] of [
      [call, 'here'],
      [`${call}Async`, 'pool'],
    ] as const) {
      observed[property] = (...args: readonly unknown[]) => {
        const made = hostfs[property] as (...args: readonly unknown[]) => number | Promise<number>;
        // Arguments may be used anew by the time a call of the pool has ended.
        const early = where === 'pool' ? showCall(call, args) : undefined;
        const text = () => early ?? showCall(call, args);
        const before = clock();
        const tell = (result: number) => {
          ended({ name: SIGNATURES[call].name, text, result, took: Math.round(clock() - before), where });
          return result;
        };
        const outcome = made(...args);
        return isPending(outcome) ? outcome.then(tell) : tell(outcome);
      };
    }
  }
  return observed as unknown as Hostfs;
}
