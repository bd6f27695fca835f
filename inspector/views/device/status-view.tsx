/** The life of one device: the state machine of its status, the way it took, and what was refused. */
import { STATUS_BITS, STATUS_MEANINGS } from '../../../devices/virtio/status.ts';
import type { LifeModel } from '../../model/lives.ts';
import { entryOf } from '../../model/per-device.ts';
import { bitsOf } from '../../model/register-values.ts';
import { count, duration, hex, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { EventLink, Nothing, Part } from './parts.tsx';
import { StatusDiagram } from './status-diagram.tsx';

/** The view. */
export function StatusView({ model, selection, select }: ViewProps) {
  const life = entryOf(model.lives, selection.device);
  if (life === undefined) return <Nothing>Nothing is known of {selection.device || 'a device'} yet.</Nothing>;
  return (
    <>
      <Part title="States" note={`${selection.device} is in ${life.state}, since ${seconds(life.since)} s`}>
        <StatusDiagram life={life} />
      </Part>
      <div class="columns roomy">
        <Part title="device_status" note={<span class="number">{hex(life.value, 1)}</span>}>
          <Bits life={life} />
          <cite>virtio 1.2 §2.1 Device Status Field</cite>
        </Part>
        <Part title="The way it took" note={count(life.steps.total)}>
          <Steps life={life} select={select} />
        </Part>
      </div>
      <Part title="Refused and broken" note={count(life.faults.total)}>
        <Faults life={life} select={select} />
      </Part>
    </>
  );
}

function Bits({ life }: { readonly life: LifeModel }) {
  return (
    <table class="data bits">
      <tbody>
        {bitsOf(STATUS_BITS, BigInt(life.value)).map(({ name, first, value }) => (
          <tr key={name} class={value === 1n ? 'set' : ''}>
            <td class="number">{first}</td>
            <td class="number">{value.toString()}</td>
            <td>
              <code>{name}</code>
            </td>
            <td class="quiet">{STATUS_MEANINGS[name as keyof typeof STATUS_MEANINGS]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Steps({ life, select }: { readonly life: LifeModel } & Pick<ViewProps, 'select'>) {
  const { list } = life.steps;
  if (list.length === 0) return <Nothing>The driver has not set a bit yet.</Nothing>;
  return (
    <div class="wide">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Event</th>
            <th scope="col">Seconds</th>
            <th scope="col">After</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {list
            .map((step, index) => ({ ...step, before: list[index - 1]?.time }))
            .toReversed()
            .map(({ event, time, from, to, value, before }) => (
              <tr key={event}>
                <td>
                  <EventLink event={event} select={select} />
                </td>
                <td class="number">{seconds(time)}</td>
                <td class="number">{before === undefined ? '' : duration(time - before)}</td>
                <td>{from}</td>
                <td class={to === 'needs-reset' || to === 'failed' ? 'bad' : ''}>{to}</td>
                <td class="number">{hex(value, 1)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function Faults({ life, select }: { readonly life: LifeModel } & Pick<ViewProps, 'select'>) {
  const { list, total } = life.faults;
  if (list.length === 0) return <Nothing>The driver has broken no rule.</Nothing>;
  return (
    <div class="wide">
      <table class="data">
        <tbody>
          {list.toReversed().map(({ event, time, kind, message }) => (
            <tr key={event}>
              <td>
                <EventLink event={event} select={select} />
              </td>
              <td class="number">{seconds(time)}</td>
              <td class="quiet">{kind}</td>
              <td class="said">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {total > list.length && <p class="quiet">{count(total - list.length)} before these</p>}
    </div>
  );
}
