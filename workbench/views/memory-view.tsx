/** Guest RAM: its bytes, coloured by what they are, and the rings among them taken apart. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Gpa } from '../../devices/ports.ts';
import { ROW_HEIGHT, VirtualList } from '../../inspector/page/virtual-list.tsx';
import { readNumber } from '../compose/field-text.ts';
import { fromHex, printable, toHex } from '../compose/frame.ts';
import { RAM_LENGTH } from '../rig/bench.ts';
import { partAt, type RamPart, ramParts } from '../rig/ram-parts.ts';
import type { Workbench } from '../workbench.ts';
import { RingTables } from './ring-tables.tsx';
import { useWorkbench } from './use-workbench.ts';

/** Bytes in a row. */
const ROW = 16;
/** Rows shown above the one that was gone to. */
const ROWS_ABOVE = 2;
const EMPTY = new Uint8Array(0);

/** The view. */
export function MemoryView({ workbench }: { readonly workbench: Workbench }) {
  useWorkbench(workbench);
  const { bench } = workbench;
  const [at, setAt] = useState(0x1000);
  /** A new one scrolls there. */
  const [jump, setJump] = useState({ to: 0x1000 });
  const [typedAddress, setAddress] = useState('0x1000');
  const [typedBytes, setBytes] = useState('');
  const [problem, setProblem] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const list = box.current?.querySelector('.list');
    if (list) list.scrollTop = (Math.floor(jump.to / ROW) - ROWS_ABOVE) * ROW_HEIGHT;
  }, [jump]);
  const parts = ramParts(bench.requests, RAM_LENGTH);
  const ram = bench.ram.view(0 as Gpa, RAM_LENGTH) ?? EMPTY;

  /** Has what stands at an address in the form. */
  const choose = (address: number, length = ROW) => {
    setAt(address);
    setAddress(`0x${address.toString(16)}`);
    setBytes(toHex(ram.subarray(address, address + length)));
    setProblem(undefined);
  };
  const goTo = (address: number, length = ROW) => {
    choose(address, length);
    setJump({ to: address });
  };
  const write = async () => {
    try {
      const address = Number(readNumber('address', typedAddress, 4, 'number'));
      const done = await workbench.poke(address, fromHex(typedBytes));
      setProblem(done?.problem);
      setAt(address);
      setJump({ to: address });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="memory">
      <div class="memory-bytes" ref={box}>
        <Legend parts={parts} goTo={goTo} />
        <VirtualList
          label="Guest RAM"
          count={RAM_LENGTH / ROW}
          chosen={Math.floor(at / ROW)}
          onChoose={(row) => choose(row * ROW)}
          row={(row) => <HexRow address={row * ROW} ram={ram} parts={parts} />}
        />
      </div>
      <div class="memory-words">
        <form
          class="group"
          aria-label="Write"
          onSubmit={(event) => {
            event.preventDefault();
            void write();
          }}
        >
          <h2>Write bytes</h2>
          <p class="quiet">
            A driver may write anywhere in its RAM, at any time. Choose a row or a field to begin with.
          </p>
          <div class="line">
            <input
              name="address"
              class="mono"
              aria-label="Address"
              value={typedAddress}
              spellcheck={false}
              onInput={({ currentTarget }) => setAddress(currentTarget.value)}
            />
            <input
              name="bytes"
              class="mono wide"
              aria-label="Bytes"
              value={typedBytes}
              placeholder="00 10 …"
              spellcheck={false}
              onInput={({ currentTarget }) => setBytes(currentTarget.value)}
            />
            <button type="submit" name="poke">
              Write
            </button>
          </div>
          {problem !== undefined && <p class="warm">{problem}</p>}
        </form>
        {bench.requests === undefined ? (
          <p class="quiet">There is no queue yet: the Driver view sets one up.</p>
        ) : (
          <RingTables requests={bench.requests} goTo={goTo} />
        )}
      </div>
    </div>
  );
}

function Legend({
  parts,
  goTo,
}: {
  readonly parts: readonly RamPart[];
  readonly goTo: (address: number, length?: number) => void;
}) {
  return (
    <ul class="legend">
      {parts.map((part) => (
        <li key={`${part.kind} ${part.address}`}>
          <button type="button" class="link" onClick={() => goTo(part.address)}>
            <span class={`swatch part-${part.kind}`} aria-hidden="true" /> {part.name}{' '}
            <code>0x{part.address.toString(16)}</code>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A row in stretches of bytes of one part each. */
function HexRow({
  address,
  ram,
  parts,
}: {
  readonly address: number;
  readonly ram: Uint8Array;
  readonly parts: readonly RamPart[];
}) {
  const stretches: { readonly part: RamPart | undefined; readonly bytes: number[] }[] = [];
  for (let at = address; at < address + ROW; at += 1) {
    const part = partAt(parts, at);
    const last = stretches.at(-1);
    if (last !== undefined && last.part === part) last.bytes.push(ram[at] ?? 0);
    else stretches.push({ part, bytes: [ram[at] ?? 0] });
  }
  const bytes = ram.subarray(address, address + ROW);
  return (
    <>
      <span class="number quiet">{address.toString(16).padStart(5, '0')}</span>
      <code class="hex">
        {stretches.map(({ part, bytes: some }, index) => (
          <span key={index} class={part === undefined ? '' : `part-${part.kind}`} title={part?.name}>
            {toHex(Uint8Array.from(some))}
          </span>
        ))}
      </code>
      <code class="quiet">{printable(bytes)}</code>
    </>
  );
}
