/** What an event is and what follows from it, in words: for what a machine stands before. */
import type { TraceEvent } from '../../trace/event.ts';
import { EVENT_KINDS } from '../../trace/event-kinds.ts';
import type { KindRow } from '../../trace/kinds/kind-row.ts';
import { tableOfBlock } from '../model/block-places.ts';
import { configRegisterAt, configTables } from '../model/config-space.ts';
import type { MachineModel } from '../model/machine-model.ts';
import { entryOf } from '../model/per-device.ts';
import { type RegisterFacts, registersAt, writeMask } from '../model/register-values.ts';

/** An explanation. */
export interface Explanation {
  readonly effect: string;
  /** Where it is specified. */
  readonly spec: string | undefined;
}

/** Explains an event: what kind it is of, and of a register what that is for. */
export function explain(event: TraceEvent, model: MachineModel): Explanation {
  const { doc, spec }: Pick<KindRow<never>, 'doc' | 'spec'> = EVENT_KINDS[event.kind];
  const registers = registersOf(event, model);
  const [register] = registers;
  if (register === undefined) return { effect: doc, spec };
  const docs = registers.map((one) => one.doc).join(' ');
  const inVain = isWrite(event) && registers.every((one) => writeMask(one) === 0n);
  return { effect: inVain ? `${docs} It is read-only: the write has no effect.` : docs, spec: register.spec };
}

const isWrite = ({ kind }: TraceEvent) => kind === 'register-write' || kind === 'config-write';

function registersOf(event: TraceEvent, model: MachineModel): RegisterFacts[] {
  if (event.kind === 'register-read' || event.kind === 'register-write') {
    const { block, offset, width } = event.fields;
    const seen = entryOf(model.registers, event.device)?.blocks.find((one) => one.block === block);
    const table = tableOfBlock(model, seen ?? { block, table: undefined, bytes: [] });
    return table === undefined ? [] : registersAt(table, offset, width);
  }
  if (event.kind === 'config-read' || event.kind === 'config-write') {
    const { slot, function: number, offset } = event.fields;
    const found = model.functions.list.find((one) => one.slot === slot && one.function === number);
    const placed = found && configRegisterAt(configTables(model.description, found.config), offset);
    return placed === undefined ? [] : [placed.register];
  }
  return [];
}
