/** What an event is and what follows from it, in words: for what a machine stands before. */
import type { TraceEvent } from '../../trace/event.ts';
import { EVENT_KINDS } from '../../trace/event-kinds.ts';
import type { KindRow } from '../../trace/kinds/kind-row.ts';
import type { MachineModel } from '../model/machine-model.ts';

/** An explanation. */
export interface Explanation {
  readonly effect: string;
  /** Where it is specified. */
  readonly spec?: string | undefined;
}

/** Explains an event. */
export function explain(event: TraceEvent, _model: MachineModel): Explanation {
  const { doc, spec }: Pick<KindRow<never>, 'doc' | 'spec'> = EVENT_KINDS[event.kind];
  return { effect: doc, spec };
}
