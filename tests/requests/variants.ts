/** Every way in which a driver can reach a 9P device: transports, and what they agree on for the rings. */
import type { DriverChoice } from '../../devices/virtio/fake-driver/driver-transport.ts';

/** How a driver comes to its device, and how it is interrupted. */
export interface TransportKind {
  /** The interface from before virtio 1.0. */
  readonly legacy: boolean;
  readonly bus: 'pci' | 'mmio';
  /** On PCI: messages, else the interrupt pin. */
  readonly msix: boolean;
  /** Kicks are doorbells, else accesses that the bus carries to the device. */
  readonly doorbells: boolean;
}

/** The transports by name. */
export const TRANSPORTS = {
  'pci, messages': { legacy: false, bus: 'pci', msix: true, doorbells: true },
  'pci, pin': { legacy: false, bus: 'pci', msix: false, doorbells: true },
  'pci, no doorbells': { legacy: false, bus: 'pci', msix: true, doorbells: false },
  mmio: { legacy: false, bus: 'mmio', msix: false, doorbells: true },
  'mmio, no doorbells': { legacy: false, bus: 'mmio', msix: false, doorbells: false },
  'legacy pci, messages': { legacy: true, bus: 'pci', msix: true, doorbells: true },
  'legacy pci, pin': { legacy: true, bus: 'pci', msix: false, doorbells: true },
  'legacy mmio': { legacy: true, bus: 'mmio', msix: false, doorbells: true },
} as const satisfies Record<string, TransportKind>;

/** Name of a transport. */
export type TransportName = keyof typeof TRANSPORTS;

/** What is agreed on for the rings. */
export type Rings = Required<
  Pick<DriverChoice, 'packed' | 'indirect' | 'eventIdx' | 'inOrder' | 'notificationData' | 'queueReset'>
>;

/** One combination of transport and rings. */
export interface Variant {
  readonly transport: TransportName;
  readonly rings: Rings;
}

const MODERN_SWITCHES: readonly (keyof Rings)[] = ['packed', 'indirect', 'eventIdx', 'inOrder', 'notificationData'];
const LEGACY_SWITCHES: readonly (keyof Rings)[] = ['indirect', 'eventIdx'];

/** Every combination that the specification allows; only RING_RESET is agreed on wherever it can be. */
export const VARIANTS: readonly Variant[] = (Object.keys(TRANSPORTS) as TransportName[]).flatMap((transport) => {
  const { legacy } = TRANSPORTS[transport];
  const none: Rings = {
    packed: false,
    indirect: false,
    eventIdx: false,
    inOrder: false,
    notificationData: false,
    queueReset: !legacy,
  };
  return combinations(none, legacy ? LEGACY_SWITCHES : MODERN_SWITCHES).map((rings) => ({ transport, rings }));
});

function combinations(from: Rings, [first, ...rest]: readonly (keyof Rings)[]): Rings[] {
  if (first === undefined) return [from];
  return [false, true].flatMap((on) => combinations({ ...from, [first]: on }, rest));
}

/** A variant in words. */
export function variantName({ transport, rings }: Variant): string {
  const on = (Object.keys(rings) as (keyof Rings)[]).filter((key) => rings[key] && key !== 'queueReset');
  return `${transport}: ${on.length === 0 ? 'plain' : on.join(' ')}`;
}
