/** Everything the model keeps of 9P: requests under way, fids and names, how long requests took. */
import type { TraceEvent } from '../../trace/event.ts';
import { emptyFids, type FidsModel, foldFids } from './fids.ts';
import { emptyLatency, foldLatency, type LatencyModel } from './latency.ts';
import { emptyUnderWay, foldUnderWay, type UnderWayModel } from './under-way.ts';

/** 9P sessions as their events tell them. */
export interface SessionsModel {
  underWay: UnderWayModel;
  fids: FidsModel;
  latency: LatencyModel;
}

/** Nothing was said yet. */
export function emptySessions(): SessionsModel {
  return { underWay: emptyUnderWay(), fids: emptyFids(), latency: emptyLatency() };
}

/** Takes one event into the model, which is changed in place. */
export function foldSessions(model: SessionsModel, event: TraceEvent): void {
  const ended = foldUnderWay(model.underWay, event);
  foldFids(model.fids, event, ended);
  foldLatency(model.latency, event, ended);
}
