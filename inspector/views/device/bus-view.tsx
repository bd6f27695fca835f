/** The bus: which functions there are, how far the guest has found them, and where their ranges lie. */
import { barsOf } from '../../model/config-space.ts';
import { deviceOfFunction, type FunctionModel } from '../../model/functions.ts';
import type { MachineModel } from '../../model/machine-model.ts';
import { valueAt } from '../../model/register-values.ts';
import { count, hex, pciPlace, seconds, size } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { className } from './class-codes.ts';
import { Nothing, Part } from './parts.tsx';

const SLOTS = Array.from({ length: 32 }, (_, slot) => slot);

/** The view. */
export function BusView({ model, selection, select }: ViewProps) {
  if (model.description === undefined) return <Nothing>The machine has not been described yet.</Nothing>;
  const shown = model.functions.list.filter((one) => contains(selection.filter, one, deviceOfFunction(model, one)));
  const { memory, ports } = addressMap(model);
  const last = model.functions.list.find(({ last: access }) => access?.event === model.last);
  const others = model.devices.list.filter(({ bus }) => bus !== 'pci');
  return (
    <>
      <Part title="Slots" note={`${count(model.functions.vain)} reads of places where nothing is`}>
        <ol class="slots" aria-label="Slots of the bus">
          {SLOTS.map((slot) => (
            <Slot key={slot} slot={slot} model={model} />
          ))}
        </ol>
      </Part>
      <Part title="Functions">
        <div class="wide">
          <table class="data">
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col">Function</th>
                <th scope="col">Device</th>
                <th scope="col">Ids</th>
                <th scope="col">Class</th>
                <th scope="col">Found at</th>
                <th scope="col" class="count">
                  Reads
                </th>
                <th scope="col" class="count">
                  Writes
                </th>
                <th scope="col" class="count">
                  Without effect
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => {
                const device = deviceOfFunction(model, one);
                const chosen = device !== undefined && device === selection.device;
                return (
                  <tr key={pciPlace(one.slot, one.function)} class={one === last ? 'touched' : chosen ? 'chosen' : ''}>
                    <td class="number">{pciPlace(one.slot, one.function)}</td>
                    <td>
                      {device === undefined ? (
                        one.name
                      ) : (
                        <button type="button" class="link" onClick={() => select({ device, view: 'config' })}>
                          {one.name}
                        </button>
                      )}
                    </td>
                    <td>{device ?? <span class="quiet">of the machine</span>}</td>
                    <td class="number">{ids(one)}</td>
                    <td>{className(Number(valueAt(one.config, 0x08, 4) ?? 0n) >>> 8)}</td>
                    <td class="number">
                      {one.found === undefined ? <span class="quiet">not yet</span> : seconds(one.found.time)}
                    </td>
                    <td class="number count">{count(one.reads)}</td>
                    <td class="number count">{count(one.writes)}</td>
                    <td class="number count">{count(one.refused)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Part>
      {others.length > 0 && (
        <Part title="By MMIO">
          <Ranges
            ranges={others.map(({ name, address, device }) => ({
              name,
              device,
              base: address,
              length: undefined,
              bar: '',
            }))}
          />
        </Part>
      )}
      <div class="columns">
        <Part title="Memory">
          <Ranges ranges={memory} />
        </Part>
        <Part title="Ports">
          <Ranges ranges={ports} />
        </Part>
      </div>
    </>
  );
}

function Slot({ slot, model }: { readonly slot: number; readonly model: MachineModel }) {
  const there = model.functions.list.filter((one) => one.slot === slot);
  const found = there.some((one) => one.found !== undefined);
  const state = found ? 'found' : there.length > 0 ? 'there' : model.functions.looked[slot] ? 'vain' : '';
  const words = { found: 'found', there: 'not found yet', vain: 'looked at, nothing there', '': 'not looked at' }[
    state
  ];
  return (
    <li class={`slot ${state}`} title={`slot ${hex(slot)}: ${there.map(({ name }) => name).join(', ')} ${words}`}>
      {slot.toString(16).padStart(2, '0')}
    </li>
  );
}

function ids({ config }: FunctionModel): string {
  const id = (at: number) => (valueAt(config, at, 2) ?? 0n).toString(16).padStart(4, '0');
  return `${id(0)}:${id(2)}`;
}

function contains(
  filter: string,
  { name, slot, function: number }: FunctionModel,
  device: string | undefined,
): boolean {
  return `${pciPlace(slot, number)} ${name} ${device ?? ''}`.toLowerCase().includes(filter.toLowerCase());
}

interface RangeRow {
  readonly base: number;
  readonly length: number | undefined;
  readonly name: string;
  readonly bar: string;
  readonly device: string;
}

/** What answers where, as far as the description and the BARs tell, in order of addresses. */
function addressMap(model: MachineModel): { readonly memory: RangeRow[]; readonly ports: RangeRow[] } {
  const bars = model.functions.list.flatMap((one) =>
    barsOf(one)
      .filter(({ decoded }) => decoded)
      .map(({ index, kind, address, length }) => ({
        base: Number(address),
        length,
        name: one.name,
        bar: `BAR ${index}`,
        device: deviceOfFunction(model, one) ?? '',
        io: kind === 'io',
      })),
  );
  // What the description says of BARs is where they were at first; where they are now is known better.
  const assigned = (io: boolean) =>
    new Set(
      model.functions.list.flatMap((one) =>
        one.bars.filter(({ kind }) => (kind === 'io') === io).map(({ address }) => address),
      ),
    );
  const fixed = (ranges: readonly { base: number; length: number; name: string }[], io: boolean) => {
    const moved = assigned(io);
    return ranges.filter(({ base }) => !moved.has(base)).map((range) => ({ ...range, bar: '', device: '' }));
  };
  const { ram = [], mmio = [], ports = [] } = model.description ?? {};
  const sorted = (ranges: RangeRow[]) => ranges.toSorted((a, b) => a.base - b.base);
  return {
    memory: sorted([
      ...ram.map((range) => ({ ...range, name: 'RAM', bar: '', device: '' })),
      ...fixed(mmio, false),
      ...bars.filter(({ io }) => !io),
    ]),
    ports: sorted([...fixed(ports, true), ...bars.filter(({ io }) => io)]),
  };
}

function Ranges({ ranges }: { readonly ranges: readonly RangeRow[] }) {
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col" class="count">
              Length
            </th>
            <th scope="col">What answers</th>
          </tr>
        </thead>
        <tbody>
          {ranges.map(({ base, length, name, bar, device }) => (
            <tr key={`${base} ${name}`}>
              <td class="number">{hex(base)}</td>
              <td class="number">{length === undefined ? '' : hex(base + length - 1)}</td>
              <td class="number count">{length === undefined ? '' : size(length)}</td>
              <td class="said">
                {name} <span class="quiet">{[bar, device].filter((part) => part !== '').join(' ')}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
