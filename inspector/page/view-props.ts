/** What every view gets. */
import type { EventId } from '../../devices/events.ts';
import type { EventHistory } from '../history.ts';
import type { Inspected } from '../inspected.ts';
import type { MachineModel } from '../model/machine-model.ts';
import type { RunState } from '../protocol.ts';

/** What is looked at. Views share it: a device chosen in one is the device of the next. */
export interface Selection {
  /** Key of the view. */
  readonly view: string;
  /** Mount tag or id of the device; empty for none in particular. */
  readonly device: string;
  /** The event chosen; its steps, its chain and its register are marked wherever they are shown. */
  readonly event: EventId | undefined;
  /** What the reader typed after `/`: a view shows what contains it. */
  readonly filter: string;
}

/** What a view shows and may do. Rendered anew at most once per frame, with `model` and `events` changed in place meanwhile. */
export interface ViewProps {
  readonly model: MachineModel;
  readonly events: EventHistory;
  readonly run: RunState;
  readonly inspected: Inspected;
  readonly selection: Selection;
  /** Another number whenever model or events changed: what a computed value may be kept by. */
  readonly version: number;
  readonly select: (to: Partial<Selection>) => void;
}
