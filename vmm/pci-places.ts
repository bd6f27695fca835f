/** Which places on the PCI bus were asked for, and whether all of them can be had. */
import type { VirtioConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

/** The slot of the host bridge, which no other device can have. */
const HOST_BRIDGE_SLOT = 0;

/** A device as far as its place goes. */
interface Placed {
  /** Says which one it is, in errors. */
  readonly label: string;
  readonly virtio?: VirtioConfig;
}

/**
 * The slots that devices ask for, so that nothing else is put there.
 *
 * @throws UsageError where a place does not exist, is asked for twice, belongs to the host bridge, or is a function without a
 *   function 0, by which alone software finds the others
 */
export function wantedSlots(devices: readonly Placed[]): ReadonlySet<number> {
  const takers = new Map<string, string>();
  for (const { label, virtio } of devices) {
    if (virtio?.addr === undefined) continue;
    const { slot, function: number = 0 } = virtio.addr;
    const what = `device ${label}: addr=${written(slot, number)}`;
    if (virtio.bus === 'mmio') throw new UsageError(`${what}: it is not on the PCI bus; leave addr out`);
    if (!isWhole(slot, 31) || !isWhole(number, 7)) throw new UsageError(`${what}: slots go to 1f, functions to 7`);
    if (slot === HOST_BRIDGE_SLOT) throw new UsageError(`${what}: slot 0 is the host bridge's; choose another`);
    const taker = takers.get(written(slot, number));
    if (taker !== undefined) throw new UsageError(`${what}: device ${taker} asks for that place too; choose another`);
    takers.set(written(slot, number), label);
  }
  for (const [place, label] of takers) {
    const first = place.replace(/\..$/, '.0');
    if (!takers.has(first)) {
      throw new UsageError(
        `device ${label}: addr=${place}: nothing is at ${first}, without which it would not be found`,
      );
    }
  }
  return new Set([...takers.keys()].map((place) => Number.parseInt(place, 16)));
}

/** As the option has it. */
function written(slot: number, number: number): string {
  return `${slot.toString(16).padStart(2, '0')}.${number}`;
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}
