import type { MaybeAsync } from '../../backend.ts';
import { isPending } from '../../maybe-async.ts';

/** Runs operations one after another; one that can be answered at once is, if none is under way. */
export class OneAtATime {
  private last: Promise<unknown> | undefined = undefined;

  run<T>(operation: () => MaybeAsync<T>): MaybeAsync<T> {
    const result = this.last === undefined ? operation() : this.last.then(operation);
    if (!isPending(result)) return result;
    const ended: Promise<void> = result.then(nothing, nothing).then(() => {
      if (this.last === ended) this.last = undefined;
    });
    this.last = ended;
    return result;
  }
}

function nothing(): void {}
