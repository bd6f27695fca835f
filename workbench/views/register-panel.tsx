/** Any register, read or written by hand. */
import { useState } from 'preact/hooks';
import { readNumber } from '../compose/field-text.ts';
import type { RegisterWindow } from '../rig/register-window.ts';
import type { Workbench } from '../workbench.ts';

/** What is typed, until it is written. */
export function RegisterPanel({ workbench }: { readonly workbench: Workbench }) {
  const { windows } = workbench.bench;
  const [chosen, setChosen] = useState('');
  const [typed, setTyped] = useState('0x0');
  const all = windows.flatMap((window) =>
    window.registers.map((row) => ({ window, row, key: `${window.name}.${row.name}` })),
  );
  const one = all.find(({ key }) => key === chosen) ?? all[0];
  if (one === undefined) return null;
  const { window, row } = one;
  return (
    <section class="group" aria-label="Registers">
      <h2>Any register</h2>
      <div class="line">
        <select name="register" value={one.key} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {windows.map(({ name, registers }) => (
            <optgroup key={name} label={name}>
              {registers.map(({ name: register }) => (
                <option key={register} value={`${name}.${register}`}>
                  {register}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
        <button type="button" name="read" onClick={() => void workbench.do(reads(window, row.name, row.spec))}>
          Read
        </button>
        <input
          name="value"
          class="mono"
          value={typed}
          aria-label="Value to write"
          spellcheck={false}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button
          type="button"
          name="write"
          onClick={() => void workbench.do(writes(window, row.name, row.spec, typed, row.width))}
        >
          Write
        </button>
      </div>
      <p class="quiet">
        {row.doc} {row.width} bytes, {row.access}. <cite>{row.spec}</cite>
      </p>
    </section>
  );
}

function reads(window: RegisterWindow, name: string, spec: string) {
  return {
    key: 'read',
    title: `Read ${name}`,
    doc: '',
    spec,
    run: (_: unknown, say: (line: string) => void) => say(`It reads 0x${window.read(name).toString(16)}.`),
  };
}

function writes(window: RegisterWindow, name: string, spec: string, typed: string, width: number) {
  return {
    key: 'write',
    title: `Write ${typed} to ${name}`,
    doc: '',
    spec,
    run: () => window.write(name, BigInt(readNumber(name, typed, width, 'bigint'))),
  };
}
