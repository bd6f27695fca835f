/** Configuration space of one function, byte by byte, and its chain of capabilities. */
import { useState } from 'preact/hooks';
import {
  barsOf,
  type Capability,
  CONFIG_LENGTH,
  capabilitiesOf,
  configRegisterAt,
  configTables,
  type PlacedRegister,
  type PlacedTable,
} from '../../model/config-space.ts';
import { heldIn } from '../../model/device-blocks.ts';
import { deviceOfFunction, type FunctionModel, functionOf } from '../../model/functions.ts';
import { valueAt } from '../../model/register-values.ts';
import { useKeys } from '../../page/keys.ts';
import { count, hex, pciPlace, size } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { EventLink, Nothing, Part, RegisterDetail } from './parts.tsx';

const ROWS = Array.from({ length: CONFIG_LENGTH / 16 }, (_, row) => row * 16);
const COLUMNS = Array.from({ length: 16 }, (_, column) => column);

/** The view. */
export function ConfigView({ model, selection, select }: ViewProps) {
  const [place, setPlace] = useState<string>();
  const [chosenAt, setAt] = useState(0);
  const [hovered, setHovered] = useState<number>();
  const at = hovered ?? chosenAt;
  const move = (by: number) => setAt((before) => (before + by + CONFIG_LENGTH) % CONFIG_LENGTH);
  useKeys('Configuration space', [
    { keys: ['ArrowRight'], doc: 'next byte', run: () => move(1) },
    { keys: ['ArrowLeft'], doc: 'byte before', run: () => move(-1) },
    { keys: ['ArrowDown', 'j'], doc: 'a row down', run: () => move(16) },
    { keys: ['ArrowUp', 'k'], doc: 'a row up', run: () => move(-16) },
  ]);
  const ofDevice = functionOf(model, selection.device);
  const chosen = model.functions.list.find((one) => pciPlace(one.slot, one.function) === place) ?? ofDevice;
  const shown = chosen ?? model.functions.list[0];
  if (shown === undefined || model.description === undefined) return <Nothing>No function is known yet.</Nothing>;

  const tables = configTables(model.description, shown.config);
  const register = configRegisterAt(tables, at);
  const chain = capabilitiesOf(shown.config);
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Functions">
        {model.functions.list.map((one) => {
          const name = pciPlace(one.slot, one.function);
          const device = deviceOfFunction(model, one);
          return (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={one === shown}
              onClick={() => {
                setPlace(name);
                if (device !== undefined) select({ device });
              }}
            >
              <span class="number">{name}</span> {device ?? one.name}
            </button>
          );
        })}
      </div>
      <div class="columns grid-and-detail">
        <Part
          title="Configuration space"
          note={`${count(shown.reads)} reads, ${count(shown.writes)} writes, ${count(shown.refused)} without effect`}
        >
          <Grid
            shown={shown}
            tables={tables}
            register={register}
            at={at}
            setAt={setAt}
            onHover={setHovered}
            filter={selection.filter}
          />
          <p class="quiet legend">
            <span class="swatch writable" /> takes writes <span class="swatch written" /> was written{' '}
            <span class="swatch touched" /> touched last
          </p>
        </Part>
        <Part title={`Byte ${hex(at, 1)}`} class="side-part">
          <Detail shown={shown} register={register} at={at} select={select} />
        </Part>
      </div>
      <Part title="Capabilities" note="from the last one placed to the first, as the pointers lead">
        <Chain chain={chain} first={shown.config[0x34] ?? 0} at={register?.offset ?? at} setAt={setAt} />
      </Part>
      <Part title="Base addresses">
        <Bars shown={shown} setAt={setAt} />
      </Part>
    </>
  );
}

interface GridProps {
  readonly shown: FunctionModel;
  readonly tables: readonly PlacedTable[];
  readonly register: PlacedRegister | undefined;
  readonly at: number;
  readonly setAt: (at: number) => void;
  /** The byte the pointer is over. */
  readonly onHover: (at: number | undefined) => void;
  readonly filter: string;
}

function Grid({ shown, tables, register, at, setAt, onHover, filter }: GridProps) {
  const names = tables.flatMap(({ offset, table }) => table.registers.map((one) => ({ ...one, at: offset + one.at })));
  const { last } = shown;
  const cell = (offset: number) => {
    const mine = names.find((one) => offset >= one.at && offset < one.at + one.width);
    const classes = [
      mine === undefined && 'none',
      register !== undefined && inside(offset, register.offset, register.register.width) && 'chosen',
      last !== undefined && inside(offset, last.offset, last.width) && 'touched',
      (shown.masks[offset] ?? 0) !== 0 && 'writable',
      (shown.writtenBy[offset] ?? 0) !== 0 && 'written',
      mine !== undefined && mine.at === offset && 'begins',
      filter !== '' && mine?.name.includes(filter) && 'found',
      at === offset && 'cursor',
    ];
    return { classes: classes.filter((name) => name !== false).join(' '), name: mine?.name };
  };
  return (
    <div class="wide">
      <table class="bytes" onMouseLeave={() => onHover(undefined)}>
        <thead>
          <tr>
            <td />
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {column.toString(16)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map((row) => (
            <tr key={row}>
              <th scope="row">{row.toString(16).padStart(2, '0')}</th>
              {COLUMNS.map((column) => {
                const offset = row + column;
                const { classes, name } = cell(offset);
                return (
                  <td key={column} class={classes}>
                    <button
                      type="button"
                      tabIndex={at === offset ? 0 : -1}
                      aria-label={`${hex(offset)} ${name ?? 'no register'}`}
                      aria-pressed={at === offset}
                      title={name}
                      onClick={() => setAt(offset)}
                      onMouseEnter={() => onHover(offset)}
                    >
                      {(shown.config[offset] ?? 0).toString(16).padStart(2, '0')}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const inside = (offset: number, from: number, length: number) => offset >= from && offset < from + length;

function Detail({
  shown,
  register,
  at,
  select,
}: {
  readonly shown: FunctionModel;
  readonly register: PlacedRegister | undefined;
  readonly at: number;
} & Pick<ViewProps, 'select'>) {
  if (register === undefined) {
    return <Nothing>No register: reads give 0, writes have no effect.</Nothing>;
  }
  const { offset, register: facts, table } = register;
  const span = Array.from({ length: facts.width }, (_, index) => offset + index);
  const newest = (by: readonly number[]) => Math.max(...span.map((one) => by[one] ?? 0));
  const [read, written] = [newest(shown.readBy), newest(shown.writtenBy)];
  const mask = span.reduceRight((bits, one) => (bits << 8n) | BigInt(shown.masks[one] ?? 0), 0n);
  return (
    <RegisterDetail register={facts} offset={offset} value={valueAt(shown.config, offset, facts.width)} mask={mask}>
      <dt>Table</dt>
      <dd>
        <code>{table}</code>, byte {at - offset}
      </dd>
      <dt>Last read</dt>
      <dd>{read === 0 ? 'never' : <EventLink event={read} select={select} />}</dd>
      <dt>Last write</dt>
      <dd>{written === 0 ? 'never' : <EventLink event={written} select={select} />}</dd>
    </RegisterDetail>
  );
}

function Chain({
  chain,
  first,
  at,
  setAt,
}: {
  readonly chain: readonly Capability[];
  readonly first: number;
  readonly at: number;
  readonly setAt: (at: number) => void;
}) {
  if (chain.length === 0) return <Nothing>The function has none.</Nothing>;
  return (
    <ol class="chain">
      <li>
        <button type="button" class={at === 0x34 ? 'chosen' : ''} onClick={() => setAt(0x34)}>
          <span class="number">34</span> capabilities_pointer
        </button>
        <Arrow to={first} />
      </li>
      {chain.map(({ offset, next, name, structure }, index) => {
        const end = chain[index + 1]?.offset;
        const here = at >= offset && at < offset + 4;
        return (
          <li key={offset}>
            <button type="button" class={here ? 'chosen' : ''} onClick={() => setAt(offset)}>
              <span class="number">{offset.toString(16)}</span> {name}
              {structure !== undefined && structure.type !== 5 && (
                <span class="quiet">
                  {' '}
                  BAR {structure.bar} + {hex(structure.offset)}, {size(structure.length)}
                </span>
              )}
            </button>
            {next === 0 || end === undefined ? (
              <span class="quiet end">{next === 0 ? 'end' : 'ends in a circle'}</span>
            ) : (
              <Arrow to={end} />
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Arrow({ to }: { readonly to: number }) {
  return (
    <svg class="arrow" width="28" height="20" viewBox="0 0 28 20" role="img" aria-label={`leads to ${hex(to)}`}>
      <path d="M2 10 H24 M19 6 L24 10 L19 14" />
    </svg>
  );
}

function Bars({ shown, setAt }: { readonly shown: FunctionModel; readonly setAt: (at: number) => void }) {
  const bars = barsOf(shown).toSorted((a, b) => a.index - b.index);
  if (bars.length === 0) return <Nothing>The function decodes no range.</Nothing>;
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">BAR</th>
            <th scope="col">Kind</th>
            <th scope="col">Address</th>
            <th scope="col">Length</th>
            <th scope="col">Answers</th>
            <th scope="col">Holds</th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ index, kind, address, length, decoded, prefetchable }) => (
            <tr key={index}>
              <td>
                <button type="button" class="link number" onClick={() => setAt(0x10 + 4 * index)}>
                  {index}
                </button>
              </td>
              <td>
                {kind}
                {prefetchable && ', prefetchable'}
              </td>
              <td class="number">{hex(address)}</td>
              <td class="number">{size(length)}</td>
              <td>{decoded ? 'yes' : 'no'}</td>
              <td>{heldIn(shown.config, { index, kind }).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
