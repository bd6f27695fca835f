/** Small parts several views of the device are made of. */
import type { ComponentChildren } from 'preact';
import type { EventId } from '../../../devices/events.ts';
import { bitsOf, type RegisterFacts, writeMask } from '../../model/register-values.ts';
import { hex } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';

/** An event by its number, which chooses it for all views. */
export function EventLink({ event, select }: { readonly event: EventId } & Pick<ViewProps, 'select'>) {
  return (
    <button
      type="button"
      class="link number"
      title={`event ${event}`}
      onClick={() => select({ event, view: 'events' })}
    >
      {event}
    </button>
  );
}

/** A part of a view with a heading. */
export function Part({
  title,
  note,
  children,
  class: name = '',
}: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}) {
  return (
    <section class={`part ${name}`} aria-label={title}>
      <h2>
        {title} {note !== undefined && <span class="quiet note">{note}</span>}
      </h2>
      {children}
    </section>
  );
}

/** Something of which there is nothing yet. */
export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="quiet nothing">{children}</p>;
}

/** The bits of a register that are set, and the fields that are not 0, by name. */
export function BitNames({
  bits,
  value,
}: {
  readonly bits: RegisterFacts['bits'];
  readonly value: bigint | undefined;
}) {
  if (value === undefined) return null;
  const set = bitsOf(bits, value).filter((bit) => bit.value !== 0n);
  return (
    <>
      {set.map(({ name, first, last, value: field }) => (
        <code key={name} class="bit">
          {first === last ? name : `${name} ${field}`}
        </code>
      ))}
    </>
  );
}

/** Whether a register can be written, for people. */
export const ACCESS: { readonly [access in RegisterFacts['access']]: string } = {
  ro: 'read-only',
  rw: 'read and write',
  'rw-masked': 'some bits can be written',
  w1c: 'ones written clear bits',
  rc: 'clears when read',
};

export interface RegisterDetailProps {
  readonly register: RegisterFacts;
  /** Offset from where the reader counts. */
  readonly offset: number;
  readonly value: bigint | undefined;
  /** Bits that take writes, where the register itself does not say. */
  readonly mask?: bigint;
  readonly children?: ComponentChildren;
}

/** The page knows of a register what went over the bus, and nothing else. */
const NOT_SEEN = 'not known: the guest has neither read nor written it';

/** Everything there is to say of one register. */
export function RegisterDetail({ register, offset, value, mask = writeMask(register), children }: RegisterDetailProps) {
  const { name, width, access, doc, spec, bits } = register;
  const named = bitsOf(bits, value ?? 0n);
  return (
    <div class="detail">
      <h3>
        <code>{name}</code>
      </h3>
      <p>{doc}</p>
      <cite>{spec}</cite>
      <dl class="facts">
        <dt>Value</dt>
        <dd>{value === undefined ? NOT_SEEN : <span class="number">{hex(value, width)}</span>}</dd>
        <dt>Offset</dt>
        <dd>
          <span class="number">{hex(offset)}</span>, {width === 1 ? '1 byte' : `${width} bytes`}
        </dd>
        <dt>Access</dt>
        <dd>{ACCESS[access]}</dd>
        <dt>Write mask</dt>
        <dd class="number">{hex(mask, width)}</dd>
        {children}
      </dl>
      {named.length > 0 && (
        <table class="data bits">
          <thead>
            <tr>
              <th scope="col">Bit</th>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {named.map(({ name: bit, first, last, value: field }) => (
              <tr key={bit} class={value !== undefined && field !== 0n ? 'set' : ''}>
                <td class="number">{first === last ? first : `${last}:${first}`}</td>
                <td>
                  <code>{bit}</code>
                </td>
                <td class="number">{value === undefined ? '?' : field.toString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
