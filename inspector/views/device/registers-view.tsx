/** Blocks of registers of one device, register by register, with the last accesses. */
import { useState } from 'preact/hooks';
import { blocksOf, type KnownBlock } from '../../model/device-blocks.ts';
import { type BlockAccess, registerValue } from '../../model/register-blocks.ts';
import { type RegisterFacts, valueAt } from '../../model/register-values.ts';
import { useKeys } from '../../page/keys.ts';
import { count, hex, seconds, size } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { ACCESS, BitNames, EventLink, Nothing, Part, RegisterDetail } from './parts.tsx';

/** The view. */
export function RegistersView({ model, selection, select }: ViewProps) {
  const [wanted, setWanted] = useState<string>();
  const [chosen, setChosen] = useState<string>();
  const blocks = blocksOf(model, selection.device);
  const shown = blocks.find(({ block }) => block === wanted) ?? blocks[0];
  const rows = (shown?.table?.registers ?? []).filter(({ name }) =>
    name.toLowerCase().includes(selection.filter.toLowerCase()),
  );
  const at = rows.findIndex(({ name }) => name === chosen);
  const move = (by: number) => setChosen(rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.name);
  const turn = (by: number) => {
    const place = shown === undefined ? 0 : blocks.indexOf(shown);
    setWanted(blocks.at((place + by) % blocks.length)?.block);
  };
  useKeys('Registers', [
    { keys: ['ArrowDown', 'j'], doc: 'next register', run: () => move(1) },
    { keys: ['ArrowUp', 'k'], doc: 'register before', run: () => move(-1) },
    { keys: ['ArrowRight'], doc: 'next block', run: () => turn(1) },
    { keys: ['ArrowLeft'], doc: 'block before', run: () => turn(-1) },
  ]);
  if (shown === undefined) {
    return (
      <Nothing>No registers of {selection.device || 'a device'} are known yet: the guest has not reached it.</Nothing>
    );
  }
  const register = rows[at] ?? lastTouched(shown, rows) ?? rows[0];
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Blocks">
        {blocks.map((one) => (
          <button
            key={one.block}
            type="button"
            role="tab"
            aria-selected={one === shown}
            onClick={() => setWanted(one.block)}
          >
            <code>{one.block}</code> <span class="quiet">{one.where}</span>
          </button>
        ))}
      </div>
      <div class="columns grid-and-detail">
        <Part title={shown.block} note={noteOf(shown)}>
          <Table shown={shown} rows={rows} chosen={register} onChoose={setChosen} />
        </Part>
        {register !== undefined && (
          <Part title="Register" class="side-part">
            <RegisterDetail
              register={register}
              offset={register.at}
              value={shown.seen && shown.table && registerValue(shown.seen, shown.table, register)}
            >
              <Selected shown={shown} register={register} />
            </RegisterDetail>
          </Part>
        )}
      </div>
      <Part title="Last accesses">
        <Accesses shown={shown} select={select} />
      </Part>
    </>
  );
}

function noteOf({ where, length, table, seen }: KnownBlock): string {
  const place = [where, length === undefined ? '' : size(length), table === undefined ? 'no table' : ''];
  const { reads = 0, writes = 0, refused = 0 } = seen ?? {};
  const counts = `${count(reads)} reads, ${count(writes)} writes`;
  return [...place, counts, refused === 0 ? '' : `${count(refused)} without effect`].filter((part) => part).join(', ');
}

function touches({ offset, width }: BlockAccess, register: RegisterFacts): boolean {
  return register.at < offset + width && offset < register.at + register.width;
}

function lastTouched({ seen }: KnownBlock, rows: readonly RegisterFacts[]): RegisterFacts | undefined {
  const last = seen?.accesses.list.at(-1);
  return last && rows.find((register) => touches(last, register));
}

function Table({
  shown,
  rows,
  chosen,
  onChoose,
}: {
  readonly shown: KnownBlock;
  readonly rows: readonly RegisterFacts[];
  readonly chosen: RegisterFacts | undefined;
  readonly onChoose: (name: string) => void;
}) {
  const { seen, table } = shown;
  if (table === undefined) return <Nothing>It has no registers by name; accesses are below.</Nothing>;
  const last = seen?.accesses.list.at(-1);
  return (
    <div class="wide">
      <table class="data registers">
        <thead>
          <tr>
            <th scope="col">Offset</th>
            <th scope="col">Register</th>
            <th scope="col">Value</th>
            <th scope="col">Bits</th>
            <th scope="col">Access</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((register) => {
            const value = seen && registerValue(seen, table, register);
            const touched = last !== undefined && touches(last, register);
            const state = [touched && 'touched', register === chosen && 'chosen'].filter((one) => one !== false);
            return (
              <tr key={register.name} class={state.join(' ')}>
                <td class="number">{hex(register.at)}</td>
                <td>
                  <button
                    type="button"
                    class="link"
                    aria-pressed={register === chosen}
                    onClick={() => onChoose(register.name)}
                  >
                    <code>{register.name}</code>
                  </button>
                </td>
                <td class="number">
                  {value === undefined ? <span class="quiet">not seen</span> : hex(value, register.width)}
                </td>
                <td class="said">
                  <BitNames bits={register.bits} value={value} />
                </td>
                <td class="quiet">
                  <abbr title={ACCESS[register.access]}>{register.access}</abbr>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** What a register holds for each value of its selector. */
function Selected({ shown: { seen }, register }: { readonly shown: KnownBlock; readonly register: RegisterFacts }) {
  if (register.selectedBy === undefined || seen === undefined) return null;
  const values = seen.selected
    .map(({ select, bytes }) => ({ select, value: valueAt(bytes, register.at, register.width) }))
    .filter(({ value }) => value !== undefined)
    .sort((a, b) => a.select - b.select);
  return (
    <>
      <dt>
        <code>{register.selectedBy}</code>
      </dt>
      <dd>
        {values.map(({ select, value = 0n }) => (
          <div key={select} class="number">
            {select}: {hex(value, register.width)}
          </div>
        ))}
      </dd>
    </>
  );
}

function Accesses({ shown: { seen, table }, select }: { readonly shown: KnownBlock } & Pick<ViewProps, 'select'>) {
  const accesses = seen?.accesses.list ?? [];
  if (accesses.length === 0) return <Nothing>The guest has not touched it.</Nothing>;
  const names = ({ text, offset, width }: BlockAccess) =>
    text !== ''
      ? text
      : (table?.registers ?? [])
          .filter(({ at, width: length }) => at < offset + width && offset < at + length)
          .map(({ name }) => name)
          .join(', ');
  const earlier = (seen?.accesses.total ?? 0) - accesses.length;
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Event</th>
            <th scope="col">Seconds</th>
            <th scope="col">Access</th>
            <th scope="col">Offset</th>
            <th scope="col">Value</th>
            <th scope="col">Registers</th>
          </tr>
        </thead>
        <tbody>
          {accesses.toReversed().map((access) => (
            <tr key={`${access.event} ${access.offset}`}>
              <td>
                <EventLink event={access.event} select={select} />
              </td>
              <td class="number">{seconds(access.time)}</td>
              <td>{access.write ? 'write' : <span class="quiet">read</span>}</td>
              <td class="number">{hex(access.offset)}</td>
              <td class="number">{hex(access.value, access.width)}</td>
              <td class="said">
                {names(access)} {access.refused && <span class="bad">no effect</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {earlier > 0 && <p class="quiet">{count(earlier)} accesses before these</p>}
    </div>
  );
}
