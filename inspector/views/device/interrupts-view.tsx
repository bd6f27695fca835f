/** Interrupts of one device: MSI-X vectors, the pin, and the notifications that led to them. */
import { blocksOf, seenValue, vectorUses } from '../../model/device-blocks.ts';
import { functionOf } from '../../model/functions.ts';
import { type InterruptsOf, MOST_VECTORS, type MsixFacts, msixOf, type VectorModel } from '../../model/interrupts.ts';
import { entryOf } from '../../model/per-device.ts';
import { valueAt } from '../../model/register-values.ts';
import { count, hex, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { EventLink, Nothing, Part } from './parts.tsx';

/** Bits of the ISR status by either transport. @spec virtio 1.2 §4.1.4.5 ISR status capability */
const ISR = ['isr_status', 'InterruptStatus'];

/** The view. */
export function InterruptsView({ model, selection, select }: ViewProps) {
  const { device } = selection;
  const interrupts = entryOf(model.interrupts, device);
  const msix = msixOf(functionOf(model, device)?.config ?? []);
  const isr = seenValue(blocksOf(model, device), ISR);
  if (msix === undefined && interrupts === undefined) {
    return <Nothing>Nothing is known of interrupts of {device || 'a device'} yet.</Nothing>;
  }
  return (
    <>
      {msix !== undefined && (
        <Part title="MSI-X" note={msixNote(msix)}>
          <Vectors msix={msix} interrupts={interrupts} uses={vectorUses(model, device)} select={select} />
          <cite>PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures</cite>
        </Part>
      )}
      <Part title="Interrupt pin">
        <dl class="facts">
          <dt>Level</dt>
          <dd>{interrupts?.level === 1 ? <span class="warm">raised</span> : 'low'}</dd>
          <dt>Raised</dt>
          <dd>{timesOf(interrupts?.raised ?? 0)}</dd>
          <dt>ISR status, as last read</dt>
          <dd>{isr === undefined ? 'the guest has not read it' : <span class="number">{hex(isr)}</span>}</dd>
        </dl>
      </Part>
      <Part title="Notifications" note={count(interrupts?.notifications.total ?? 0)}>
        <Notifications interrupts={interrupts} select={select} />
      </Part>
    </>
  );
}

const timesOf = (times: number) => (times === 1 ? 'once' : `${count(times)} times`);

function msixNote({ vectors, enabled, masked, table, pending }: MsixFacts): string {
  const state = enabled ? (masked ? 'on, all masked' : 'on') : 'off: the pin is used';
  const place = ({ bar, offset }: MsixFacts['table']) => `BAR ${bar} + ${hex(offset)}`;
  return `${state}; ${count(vectors)} vectors, table at ${place(table)}, pending bits at ${place(pending)}`;
}

interface VectorsProps extends Pick<ViewProps, 'select'> {
  readonly msix: MsixFacts;
  readonly interrupts: InterruptsOf | undefined;
  readonly uses: readonly { readonly vector: number; readonly use: string }[];
}

function Vectors({ msix, interrupts, uses, select }: VectorsProps) {
  const shown = Math.min(msix.vectors, MOST_VECTORS);
  const newest = Math.max(0, ...(interrupts?.vectors.map(({ last }) => last?.event ?? 0) ?? []));
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Vector</th>
            <th scope="col">For</th>
            <th scope="col">Address</th>
            <th scope="col">Data</th>
            <th scope="col">Masked</th>
            <th scope="col">Pending</th>
            <th scope="col" class="count">
              Sent
            </th>
            <th scope="col" class="count">
              Held back
            </th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: shown }, (_, vector) => {
            const seen = interrupts?.vectors.find((one) => one.vector === vector);
            const { last } = seen ?? {};
            return (
              <tr key={vector} class={last !== undefined && last.event === newest ? 'touched' : ''}>
                <td class="number">{vector}</td>
                <td>
                  {uses
                    .filter((one) => one.vector === vector)
                    .map(({ use }) => use)
                    .join(', ') || <span class="quiet">nothing</span>}
                </td>
                <td class="number">{field(seen, 0, 8)}</td>
                <td class="number">{field(seen, 8, 4)}</td>
                <td>{masked(seen)}</td>
                <td>{seen?.pending ? <span class="warm">pending</span> : 'no'}</td>
                <td class="number count">{count(seen?.sent ?? 0)}</td>
                <td class="number count">{count(seen?.heldBack ?? 0)}</td>
                <td>
                  {last !== undefined && (
                    <>
                      <span class="number">{seconds(last.time)}</span> <EventLink event={last.event} select={select} />
                    </>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {msix.vectors > shown && <p class="quiet">{count(msix.vectors - shown)} vectors more</p>}
    </div>
  );
}

function field(seen: VectorModel | undefined, at: number, width: number): string {
  const value = seen && valueAt(seen.bytes, at, width);
  return value === undefined ? 'not seen' : hex(value);
}

/** Entries are masked until software says otherwise. @spec PCI Local Bus 3.0 §6.8.2.9 Vector Control for MSI-X Table Entries */
function masked(seen: VectorModel | undefined) {
  const control = seen?.bytes[12] ?? -1;
  return control === -1 || (control & 1) === 1 ? <span class="warm">masked</span> : 'no';
}

function Notifications({
  interrupts,
  select,
}: { readonly interrupts: InterruptsOf | undefined } & Pick<ViewProps, 'select'>) {
  const list = interrupts?.notifications.list ?? [];
  if (list.length === 0) return <Nothing>The device has not notified the driver yet.</Nothing>;
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Event</th>
            <th scope="col">Seconds</th>
            <th scope="col">Of what</th>
            <th scope="col">Queue</th>
            <th scope="col" class="count">
              Used elements
            </th>
          </tr>
        </thead>
        <tbody>
          {list.toReversed().map(({ event, time, what, queue, used }) => (
            <tr key={event}>
              <td>
                <EventLink event={event} select={select} />
              </td>
              <td class="number">{seconds(time)}</td>
              <td>{what}</td>
              <td class="number">{queue ?? ''}</td>
              <td class="number count">{used === 0 ? '' : used}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
