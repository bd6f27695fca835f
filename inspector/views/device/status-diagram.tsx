/** The state machine of the device status as a drawing: every transition there is, and those that were taken. */
import { STATUS_TRANSITIONS, type StatusState } from '../../../devices/virtio/status.ts';
import type { LifeModel } from '../../model/lives.ts';
import { count } from '../../page/numbers.ts';

/** Middle of each state. The usual way runs along the first line. */
const PLACES: { readonly [state in StatusState]: readonly [x: number, y: number] } = {
  reset: [70, 80],
  acknowledged: [235, 80],
  driver: [400, 80],
  'features-ok': [565, 80],
  running: [730, 80],
  resetting: [235, 190],
  failed: [482, 190],
  'needs-reset': [730, 190],
};
const [WIDTH, HEIGHT] = [104, 30];

interface Edge {
  readonly from: StatusState;
  readonly to: StatusState;
  /** The bit whose setting leads there, or what else does. */
  readonly by: string;
}

const STATES = Object.keys(PLACES) as StatusState[];

/** What the bits the driver sets lead to, then what a write of 0, the end of a reset, and an error of the device lead to. */
const EDGES: readonly Edge[] = [
  ...STATES.flatMap((from) =>
    Object.entries(STATUS_TRANSITIONS[from])
      .filter(([, to]) => to !== from)
      .map(([by, to]) => ({ from, to, by })),
  ),
  ...STATES.filter((from) => from !== 'reset' && from !== 'resetting').map(
    (from): Edge => ({ from, to: 'resetting', by: 'writing 0' }),
  ),
  { from: 'resetting', to: 'reset', by: 'drained' },
  { from: 'resetting', to: 'needs-reset', by: 'not drained' },
  { from: 'running', to: 'needs-reset', by: 'error' },
];

const isState = (name: string): name is StatusState => Object.hasOwn(PLACES, name);

/** The drawing. */
export function StatusDiagram({ life }: { readonly life: LifeModel }) {
  const taken = (from: string, to: string) => life.taken.find((one) => one.from === from && one.to === to);
  const others = life.taken.flatMap(({ from, to }): Edge[] =>
    isState(from) && isState(to) && !EDGES.some((edge) => edge.from === from && edge.to === to)
      ? [{ from, to, by: '' }]
      : [],
  );
  // Those that were taken lie above the others.
  const edges = [...EDGES, ...others].sort((a, b) => Number(!!taken(a.from, a.to)) - Number(!!taken(b.from, b.to)));
  return (
    <div class="wide">
      <svg class="states" viewBox="10 40 790 200" role="img" aria-label={`The device is in state ${life.state}`}>
        <defs>
          <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 Z" />
          </marker>
          <marker id="head-taken" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 Z" />
          </marker>
        </defs>
        {edges.map((edge) => {
          const times = taken(edge.from, edge.to)?.count;
          const path = pathOf(edge);
          return (
            <g key={`${edge.from} ${edge.to}`} class={times === undefined ? 'edge' : 'edge taken'}>
              <path d={path.d} marker-end={times === undefined ? 'url(#head)' : 'url(#head-taken)'}>
                <title>{`${edge.from} to ${edge.to}: ${edge.by}`}</title>
              </path>
            </g>
          );
        })}
        {edges.map((edge) => {
          const times = taken(edge.from, edge.to)?.count;
          const { label, middle } = pathOf(edge);
          return (
            <g key={`${edge.from} ${edge.to}`} class={times === undefined ? 'edge' : 'edge taken'}>
              {label !== undefined && (
                <text x={label[0]} y={label[1]} text-anchor="middle">
                  {edge.by}
                </text>
              )}
              {times !== undefined && times > 1 && (
                <text x={middle[0]} y={middle[1] - 4} text-anchor="middle" class="times">
                  {`× ${count(times)}`}
                </text>
              )}
            </g>
          );
        })}
        {STATES.map((state) => {
          const [x, y] = PLACES[state];
          const visited = life.taken.some(({ to, from }) => to === state || from === state);
          return (
            <g key={state} class={state === life.state ? 'state now' : visited ? 'state visited' : 'state'}>
              <rect x={x - WIDTH / 2} y={y - HEIGHT / 2} width={WIDTH} height={HEIGHT} rx="3" />
              <text x={x} y={y + 4} text-anchor="middle">
                {state}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

interface Path {
  readonly d: string;
  readonly middle: readonly [number, number];
  /** Where the name of the bit stands; only on the usual way, and where there is room. */
  readonly label: readonly [number, number] | undefined;
}

function pathOf({ from, to }: Edge): Path {
  const [[x1, y1], [x2, y2]] = [PLACES[from], PLACES[to]];
  if (y1 === y2 && y1 === PLACES.reset[1] && x2 > x1) {
    const [start, end] = [x1 + WIDTH / 2, x2 - WIDTH / 2 - 1];
    const middle = (start + end) / 2;
    return { d: `M${start} ${y1} H${end}`, middle: [middle, y1], label: [middle, y1 - (x2 - x1 > 200 ? 60 : 22)] };
  }
  if (y1 === y2) {
    // Along the second line, bent below what lies between.
    const [start, end, depth] = [x1, x2, y1 + HEIGHT / 2 + 24];
    const middle = (start + end) / 2;
    return {
      d: `M${start} ${y1 + HEIGHT / 2} Q${middle} ${depth + 14} ${end} ${y2 + HEIGHT / 2 + 1}`,
      middle: [middle, depth],
      label: undefined,
    };
  }
  const down = y2 > y1;
  const [start, end] = [y1 + (down ? HEIGHT / 2 : -HEIGHT / 2), y2 + (down ? -HEIGHT / 2 - 1 : HEIGHT / 2 + 1)];
  // Ends are spread a little, so that arrows from left and right do not meet in one point.
  const spread = Math.max(-36, Math.min(36, (x1 - x2) / 8));
  const middle = [(x1 + x2 + spread) / 2, (start + end) / 2] as const;
  const room = x1 === x2 ? 26 : from === 'driver' && to === 'failed' ? 0 : undefined;
  const label = room === undefined ? undefined : ([middle[0] + room, middle[1] + 4] as const);
  return { d: `M${x1} ${start} L${x2 + spread} ${end}`, middle, label };
}
