/** Feature bits: what the transport adds to a device's own, and the rules of their negotiation. */
import { LEGACY_FEATURES, maskOf, RESERVED_FEATURES } from './feature-table.ts';
import { RING_FEATURE } from './queue-layout.ts';

/** VIRTIO_F_VERSION_1: the driver follows the standard. @spec virtio 1.2 §6 Reserved Feature Bits */
export const VERSION_1 = maskOf(RESERVED_FEATURES.VERSION_1);

/** What the rings of a device can do beyond the least; each may be switched. @spec virtio 1.2 §6 Reserved Feature Bits */
export interface RingChoice {
  /** VIRTIO_F_INDIRECT_DESC; offered unless this is false. */
  readonly indirectDesc?: boolean | undefined;
  /** VIRTIO_F_EVENT_IDX; offered unless this is false. */
  readonly eventIdx?: boolean | undefined;
  /** VIRTIO_F_RING_PACKED; offered only if this is true, as in QEMU. */
  readonly packed?: boolean | undefined;
  /** VIRTIO_F_IN_ORDER; offered only if this is true, as in QEMU. */
  readonly inOrder?: boolean | undefined;
  /** VIRTIO_F_NOTIFICATION_DATA; offered only if this is true. */
  readonly notificationData?: boolean | undefined;
  /** VIRTIO_F_RING_RESET; offered unless this is false, as in QEMU. */
  readonly queueReset?: boolean | undefined;
}

/** Each choice, the bit it is about, and whether that is offered where nothing was chosen. */
const CHOICES: { readonly [choice in keyof RingChoice]-?: readonly [bit: bigint, byDefault: boolean] } = {
  indirectDesc: [RING_FEATURE.indirectDesc, true],
  eventIdx: [RING_FEATURE.eventIdx, true],
  packed: [RING_FEATURE.packed, false],
  inOrder: [RING_FEATURE.inOrder, false],
  notificationData: [RING_FEATURE.notificationData, false],
  queueReset: [RING_FEATURE.ringReset, true],
};

/** Feature bits a device offers besides its own. */
export function baseFeatures(rings: RingChoice = {}): bigint {
  let features = VERSION_1;
  for (const choice of Object.keys(CHOICES) as (keyof RingChoice)[]) {
    const [bit, byDefault] = CHOICES[choice];
    if (rings[choice] ?? byDefault) features |= bit;
  }
  return features;
}

/** Feature bits that only the legacy interface has. @spec virtio 1.2 §6.3 Legacy Interface: Reserved Feature Bits */
export const LEGACY_FEATURE = {
  notifyOnEmpty: maskOf(LEGACY_FEATURES.NOTIFY_ON_EMPTY),
  anyLayout: maskOf(LEGACY_FEATURES.ANY_LAYOUT),
} as const;

/** What the legacy interface offers of a device: the low bits, and those of its own. */
export function legacyOffer(offered: bigint): bigint {
  return (offered & 0xffff_ffffn) | LEGACY_FEATURE.notifyOnEmpty | LEGACY_FEATURE.anyLayout;
}

/** The 32 bits of `features` that `select` shows: 0 the low ones, 1 the high ones, 0 for any other page. */
export function featurePage(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(32 * select)) & 0xffff_ffffn);
}

/** `features` with one page replaced; a page above 1 changes nothing. */
export function withFeaturePage(features: bigint, select: number, page: number): bigint {
  if (select > 1) return features;
  const shift = BigInt(32 * select);
  return (features & ~(0xffff_ffffn << shift)) | (BigInt(page >>> 0) << shift);
}

/**
 * Why these features cannot be agreed on, or undefined when they can: the driver accepts what is offered only, and
 * VERSION_1.
 *
 * @spec virtio 1.2 §2.2.2 Device Requirements: Feature Bits
 * @spec virtio 1.2 §6.2 Device Requirements: Reserved Feature Bits
 */
export function featureObjection(offered: bigint, accepted: bigint): string | undefined {
  const foreign = accepted & ~offered;
  if (foreign !== 0n) return `the driver accepted feature bits that are not offered: 0x${foreign.toString(16)}`;
  if ((accepted & VERSION_1) === 0n) return 'the driver did not accept VIRTIO_F_VERSION_1';
  return undefined;
}
