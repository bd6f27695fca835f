/** The virtqueues of a device, turning as the guest works. */
import { useState } from 'preact/hooks';
import { journeysOf } from '../../history/followed.ts';
import type { ChainModel, RingModel } from '../../model/rings.ts';
import { count, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { VirtualList } from '../../page/virtual-list.tsx';
import { ChainDetail } from './chain-detail.tsx';
import { RingDrawing } from './ring-drawing.tsx';

/** The view. */
export function RingsView(props: ViewProps) {
  const { model, events, selection, select } = props;
  const rings = Object.values(model.rings.queues).filter(({ device }) => device === selection.device);
  const [queue, setQueue] = useState<number>();
  const ring = rings.find((one) => one.queue === queue) ?? rings[0];
  if (ring === undefined) {
    return (
      <p class="quiet">
        No queue of {selection.device || 'this device'} has come to life yet. Its driver says where the queue lies in
        memory once the features are agreed on, and with DRIVER_OK the device looks at it: from then on it is drawn
        here.
      </p>
    );
  }
  const chains = [...Object.values(ring.inFlight).sort((a, b) => b.order - a.order), ...ring.recent.toReversed()];
  const event = journeysOf(events).of(selection.event)?.chain ?? selection.event;
  const at = chains.findIndex((chain) => chain.event === event);
  const chosen = chains[at];
  return (
    <div class="split">
      <section class="split-main ring-main">
        {rings.length > 1 && (
          <fieldset class="bar" aria-label="Queue">
            {rings.map((one) => (
              <button key={one.queue} type="button" aria-pressed={one === ring} onClick={() => setQueue(one.queue)}>
                queue {one.queue}
              </button>
            ))}
          </fieldset>
        )}
        <div class="ring-and-figures">
          <RingDrawing ring={ring} chosen={chosen} />
          <Figures ring={ring} />
        </div>
        <Legend packed={ring.format === 'packed'} />
        <div class="list-head row quiet" aria-hidden="true">
          <span class="time-cell">seconds</span>
          <span class="head-cell">head</span>
          <span class="length-cell">reads</span>
          <span class="length-cell">writes</span>
          <span class="state-cell">state</span>
          <span class="text-cell">carries</span>
        </div>
        {chains.length === 0 && (
          <p class="quiet">
            The device has taken no chain yet: it looks when the driver has made one available and kicks.
          </p>
        )}
        <VirtualList
          label="Chains"
          count={chains.length}
          chosen={at}
          onChoose={(index) => select({ event: chains[index]?.event })}
          row={(index) => <ChainRow chain={chains[index]} text={textOf(chains[index])} />}
        />
      </section>
      {chosen !== undefined && (
        <section class="split-side">
          <ChainDetail chain={chosen} {...props} />
        </section>
      )}
    </div>
  );

  function textOf(chain: ChainModel | undefined): string {
    return journeysOf(events).of(chain?.event)?.asked ?? '';
  }
}

function ChainRow({ chain, text }: { readonly chain: ChainModel | undefined; readonly text: string }) {
  if (chain === undefined) return null;
  const { time, head, readableLength, writableLength, used, length } = chain;
  return (
    <>
      <span class="number quiet time-cell">{seconds(time)}</span>
      <span class="number head-cell">{head}</span>
      <span class="number length-cell">{count(readableLength)}</span>
      <span class="number length-cell">{count(writableLength)}</span>
      <span class={used === undefined ? 'state-cell warm' : 'state-cell quiet'}>
        {used === undefined ? 'in flight' : `${count(length ?? 0)} written`}
      </span>
      <span class="mono text-cell">{text}</span>
    </>
  );
}

function Figures({ ring }: { readonly ring: RingModel }) {
  const { format, size, alive, kicks, notifications, taken, returned, uncertain, fault, kept } = ring;
  return (
    <dl class="figures">
      <Figure name="queue" value={`${ring.queue}, ${format || 'format not known'}, ${size || '?'} entries`} />
      <Figure name="since" value={`${seconds(ring.since)} s`} />
      <Figure name="chains taken" value={count(taken)} />
      <Figure name="returned" value={count(returned)} />
      <Figure name="kicks" value={per(kicks, taken)} />
      <Figure name="notifications" value={per(notifications, returned)} />
      {ring.descriptorArea !== '' && (
        <>
          <Figure name="descriptor area" value={ring.descriptorArea} />
          <Figure name="driver area" value={ring.driverArea} />
          <Figure name="device area" value={ring.deviceArea} />
        </>
      )}
      {taken - returned > kept && <Figure name="in flight, not kept" value={count(taken - returned - kept)} />}
      {!alive && <p class="warm">Cut from guest memory: the device was reset, or the queue.</p>}
      {uncertain && <p class="warm">Events are missing, so that the counts may be too low.</p>}
      {fault !== undefined && (
        <p class="bad">
          {fault.reason}: {fault.message}
        </p>
      )}
    </dl>
  );
}

/** What the drawing says. */
function Legend({ packed }: { readonly packed: boolean }) {
  return (
    <p class="legend ring-legend quiet">
      <span>
        {packed
          ? 'The ring of descriptors; the hands are where the device takes and returns.'
          : 'From outside: available ring, descriptor table, used ring; the hands are how far driver and device have come.'}
      </span>
      <span class="key">
        <span class="swatch ring-late" /> the last few chains
      </span>
      <span class="key">
        <span class="swatch ring-flying" /> in flight
      </span>
      <span class="key">
        <span class="swatch ring-writable" /> in flight, to be written
      </span>
    </p>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt class="quiet">{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

/** How many, and for how many chains each was. */
function per(events: number, chains: number): string {
  return events === 0 ? '0' : `${count(events)}, one for ${(chains / events).toPrecision(2)} chains`;
}
