/** A virtqueue drawn as what it is: a ring, with hands where driver and device have come to. */
import { DESCRIPTOR_FLAG } from '../../../devices/virtio/queue-layout.ts';
import { type ChainModel, type RingModel, ringIndex, wrapCounter } from '../../model/rings.ts';
import { type Arc, arcsPath, type Band, chordPath, joinSlots, slotOf, ticksPath } from './ring-geometry.ts';

/** The three areas of a split ring, from the outside. */
const AVAILABLE: Band = { inner: 172, outer: 192 };
const TABLE: Band = { inner: 122, outer: 150 };
const USED: Band = { inner: 82, outer: 102 };
/** The one ring of a packed queue. */
const PACKED: Band = { inner: 140, outer: 186 };

/** Chains of late that are still marked. */
const MARKED = 12;

export interface RingDrawingProps {
  readonly ring: RingModel;
  readonly chosen: ChainModel | undefined;
}

/** The drawing. */
export function RingDrawing({ ring, chosen }: RingDrawingProps) {
  const { taken, returned, format, size } = ring;
  const Content = format === 'packed' ? PackedRing : SplitRing;
  const label = `Queue ${ring.queue} of ${ring.device}: ${format || 'format not known'}, ${size} entries, ${taken - returned} chains in flight, ${taken} taken, ${returned} returned`;
  return (
    <svg class="ring" viewBox="-236 -236 472 472" role="img" aria-label={label}>
      {size === 0 ? <text class="note">set up before the stream began</text> : <Content ring={ring} chosen={chosen} />}
    </svg>
  );
}

function SplitRing({ ring, chosen }: RingDrawingProps) {
  const { size, taken, returned, inFlight, recent } = ring;
  const flying = Object.values(inFlight);
  const late = recent.slice(-MARKED);
  const slots = (chains: readonly ChainModel[]) => joinSlots(chains.map(({ order }) => slotOf(order, size)));
  const usedSlots = (chains: readonly ChainModel[]) =>
    joinSlots(chains.flatMap(({ usedOrder }) => (usedOrder === undefined ? [] : [slotOf(usedOrder, size)])));
  return (
    <>
      <BandShape band={AVAILABLE} size={size} name="available ring" />
      <BandShape band={TABLE} size={size} name="descriptor table" />
      <BandShape band={USED} size={size} name="used ring" />
      <path class="late" d={arcsPath(AVAILABLE, slots(late), size)} />
      <path class="flying" d={arcsPath(AVAILABLE, slots(flying), size)} />
      <path class="late" d={arcsPath(TABLE, tableSlots(late, size), size)} />
      <path class="flying" d={arcsPath(TABLE, tableSlots(flying, size, false), size)} />
      <path class="flying writable" d={arcsPath(TABLE, tableSlots(flying, size, true), size)} />
      <path class="late" d={arcsPath(USED, usedSlots(late), size)} />
      {chosen !== undefined && <ChosenInSplit chain={chosen} size={size} />}
      <Hand turns={taken / size} band={AVAILABLE} outside label="avail" />
      <Hand turns={returned / size} band={USED} outside={false} label="used" />
      <Labels size={size} radius={AVAILABLE.outer + 22} />
      <text class="figure" y={-14}>{`${taken - returned} in flight`}</text>
      <text class="figure-small" y={6}>{`avail ${ringIndex(taken)}`}</text>
      <text class="figure-small" y={24}>{`used ${ringIndex(returned)}`}</text>
    </>
  );
}

/** The way of a chain: from its slot in the available ring over its descriptors to that in the used ring. */
function ChosenInSplit({ chain, size }: { readonly chain: ChainModel; readonly size: number }) {
  const { order, usedOrder, descriptors } = chain;
  const inRing = descriptors.filter(({ table }) => table === 'ring').map(({ index }) => slotOf(index, size));
  const [first, last] = [inRing[0], inRing.at(-1)];
  const taken = slotOf(order, size);
  const ways = inRing.slice(1).map((to, at) => chordPath([TABLE.inner, inRing[at] ?? 0], [TABLE.inner, to], size));
  if (first !== undefined) ways.push(chordPath([AVAILABLE.inner, taken], [TABLE.outer, first], size));
  const used = usedOrder === undefined ? [] : [{ first: slotOf(usedOrder, size), count: 1 }];
  if (usedOrder !== undefined && last !== undefined) {
    ways.push(chordPath([TABLE.inner, last], [USED.outer, slotOf(usedOrder, size)], size));
  }
  return (
    <g class="chosen">
      <path d={arcsPath(AVAILABLE, [{ first: taken, count: 1 }], size)} />
      <path d={arcsPath(TABLE, joinSlots(inRing), size)} />
      <path d={arcsPath(USED, used, size)} />
      <path class="way" d={ways.join('')} />
    </g>
  );
}

function PackedRing({ ring, chosen }: RingDrawingProps) {
  const { size, taken, returned, takenSlots, returnedSlots, inFlight, recent } = ring;
  const late = recent.slice(-MARKED);
  return (
    <>
      <BandShape band={PACKED} size={size} name="descriptor ring" />
      <path class="late" d={arcsPath(PACKED, places(late, size), size)} />
      <path class="flying" d={arcsPath(PACKED, places(Object.values(inFlight), size), size)} />
      {chosen !== undefined && (
        <g class="chosen">
          <path d={arcsPath(PACKED, places([chosen], size), size)} />
        </g>
      )}
      <Hand turns={takenSlots / size} band={PACKED} outside label="avail" />
      <Hand turns={returnedSlots / size} band={PACKED} outside={false} label="used" />
      <Labels size={size} radius={PACKED.outer + 22} />
      <text class="figure" y={-32}>{`${taken - returned} in flight`}</text>
      <text class="figure-small" y={-8}>{`next available: slot ${slotOf(takenSlots, size)}`}</text>
      <text class="figure-small" y={10}>{`wrap counter ${wrapCounter(takenSlots, size)}`}</text>
      <text class="figure-small" y={36}>{`next used: slot ${slotOf(returnedSlots, size)}`}</text>
      <text class="figure-small" y={54}>{`wrap counter ${wrapCounter(returnedSlots, size)}`}</text>
    </>
  );
}

function places(chains: readonly ChainModel[], size: number): Arc[] {
  return chains.flatMap(({ place, slots }) => (slots === 0 ? [] : [{ first: slotOf(place, size), count: slots }]));
}

/** Entries of the descriptor table that chains have: all of them, or those the device writes to, or the others. */
function tableSlots(chains: readonly ChainModel[], size: number, writable?: boolean): Arc[] {
  const seen = chains.flatMap(({ descriptors }) =>
    descriptors.filter(
      ({ table, flags }) =>
        table === 'ring' && (writable === undefined || writable === ((flags & DESCRIPTOR_FLAG.write) !== 0)),
    ),
  );
  return joinSlots(seen.map(({ index }) => slotOf(index, size)));
}

function BandShape({ band, size, name }: { readonly band: Band; readonly size: number; readonly name: string }) {
  return (
    <g class="band">
      <path d={arcsPath(band, [{ first: 0, count: size }], size)}>
        <title>{name}</title>
      </path>
      <path class="ticks" d={ticksPath(band, size)} />
    </g>
  );
}

interface HandProps {
  /** Turns since the queue came to life; it turns on and never back. */
  readonly turns: number;
  readonly band: Band;
  readonly outside: boolean;
  readonly label: string;
}

/** Where driver or device goes on. */
function Hand({ turns, band, outside, label }: HandProps) {
  const at = outside ? -band.outer - 3 : -band.inner + 3;
  const tip = outside ? `M0 ${at}l-6 -11h12z` : `M0 ${at}l-6 11h12z`;
  return (
    <g class="hand" style={{ transform: `rotate(${turns * 360}deg)` }}>
      <path class="hand-line" d={`M0 ${-band.inner}V${-band.outer}`} />
      <path d={tip}>
        <title>{label}</title>
      </path>
    </g>
  );
}

/** Numbers of four slots. */
function Labels({ size, radius }: { readonly size: number; readonly radius: number }) {
  return (
    <>
      {[0, 1, 2, 3].map((quarter) => {
        const angle = (quarter * Math.PI) / 2 - Math.PI / 2;
        return (
          <text
            key={quarter}
            class="slot-label"
            x={(radius * Math.cos(angle)).toFixed(1)}
            y={(radius * Math.sin(angle)).toFixed(1)}
          >
            {Math.floor((quarter * size) / 4)}
          </text>
        );
      })}
    </>
  );
}
