/** The lanes between requests and replies: a line for each request that is open, from its row down to that of its reply. */
import { LANES, type SequenceRow } from '../../history/sequence.ts';
import { ROW_HEIGHT } from '../../page/virtual-list.tsx';

const STEP = 7;
const MIDDLE = ROW_HEIGHT / 2;

/** Width of a number of lanes in pixels. */
function widthOf(lanes: number): number {
  return lanes * STEP + 1;
}

/** Lanes in a row: the highest that is used, and one more than that. */
export function lanesIn({ through, opens = -1, closes = -1 }: SequenceRow): number {
  return Math.max(32 - Math.clz32(through), opens + 1, closes + 1);
}

/** What stands above them. */
export function LanesHead({ lanes }: { readonly lanes: number }) {
  return (
    <span class="lanes-cell">
      <span class="tag">tag</span>
      <svg class="lanes" width={widthOf(lanes)} height="1" aria-hidden="true" />
    </span>
  );
}

/** One row's piece of the lanes. */
export function Lanes({
  row,
  lanes,
  tag,
}: {
  readonly row: SequenceRow;
  readonly lanes: number;
  readonly tag: string;
}) {
  const { through, opens, closes } = row;
  const paths = [];
  for (let lane = 0; lane < LANES; lane += 1) {
    const x = lane * STEP + 4;
    if (lane === opens) paths.push(<path key={lane} d={`M0 ${MIDDLE}H${x}V${ROW_HEIGHT}`} class="own" />);
    else if (lane === closes) paths.push(<path key={lane} d={`M${x} 0V${MIDDLE}H${widthOf(lanes)}`} class="own" />);
    else if ((through & (1 << lane)) !== 0) paths.push(<path key={lane} d={`M${x} 0V${ROW_HEIGHT}`} />);
  }
  if (row.asked !== undefined && row.answered !== undefined) {
    paths.push(<path key="through" d={`M0 ${MIDDLE}H${widthOf(lanes)}`} class="own" />);
  }
  return (
    <span class="lanes-cell">
      <span class="number tag">{tag}</span>
      <svg class="lanes" width={widthOf(lanes)} height={ROW_HEIGHT} aria-hidden="true">
        {paths}
      </svg>
    </span>
  );
}
