/**
 * The ways in which a driver can break the rules of a virtqueue: the reason names the rule in code and tests, what it says and
 * where it is specified are tables for people.
 */

/** Rules of virtio 1.2 a driver can break with a queue, by the name used in code: what was wrong. */
export const RING_FAULTS = {
  'queue-changed-while-enabled': 'the driver changed the configuration of an enabled queue',
  'queue-enabled-twice': 'the driver enabled a queue that is enabled already',
  'queue-disabled': 'the driver wrote 0 to the enable register of a queue',
  'queue-enable-value': 'the driver wrote something other than 0 or 1 to the enable register of a queue',
  'queue-being-reset': 'the driver configured a queue whose reset is not complete',
  'queue-size': 'the queue size is not a power of two between 1 and the maximum of this queue',
  'packed-queue-size': 'the queue size is not between 1 and the maximum of this queue',
  'queue-alignment': 'a part of the queue is not aligned as it must be',
  'queue-outside-ram': 'a part of the queue is not in RAM',
  'avail-idx': 'the available index is ahead by more than the queue size',
  'head-range': 'an available entry names a descriptor outside the table',
  'head-in-flight': 'an available entry names a chain that the device has not returned yet',
  'ring-overrun': 'a descriptor chain runs on into descriptors that the device has not returned yet',
  'id-in-flight': 'a chain has the buffer id of one that the device has not returned yet',
  'next-range': 'the next field of a descriptor points outside its table',
  'chain-too-long': 'a descriptor chain is longer than the queue size, or loops',
  'chain-too-large': 'the buffers of a descriptor chain exceed 2^32 bytes',
  'readable-after-writable': 'a device-readable descriptor follows a device-writable one',
  'buffer-outside-ram': 'a descriptor points outside RAM',
  'indirect-not-negotiated': 'a descriptor is indirect though VIRTIO_F_INDIRECT_DESC was not negotiated',
  'indirect-nested': 'an indirect table holds an indirect descriptor',
  'indirect-with-next': 'an indirect descriptor has the NEXT flag, or is in a packed ring one of several of a chain',
  'indirect-length': 'the length of an indirect table is 0 or not a multiple of 16',
  'indirect-outside-ram': 'an indirect table is not in RAM',
} as const;

/** Name of a broken rule. */
export type RingFaultReason = keyof typeof RING_FAULTS;

/** Sections with more than one rule. */
const SETUP = 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout';
const INDIRECT = 'virtio 1.2 §2.7.5.3.1 Driver Requirements: Indirect Descriptors';
const TABLE = 'virtio 1.2 §2.7.5 The Virtqueue Descriptor Table';
const INDIRECT_TABLE = 'virtio 1.2 §2.7.5.3 Indirect Descriptors';
const SPLIT = 'virtio 1.2 §2.7 Split Virtqueues';

/** Where each rule is specified: number and title. For who reads; a device does not look at it. */
export const RING_RULES: Readonly<Record<RingFaultReason, string>> = {
  'queue-changed-while-enabled': SETUP,
  'queue-enabled-twice': SETUP,
  'queue-disabled': SETUP,
  'queue-enable-value': 'virtio 1.2 §4.1.4.3 Common configuration structure layout',
  'queue-being-reset': SETUP,
  'queue-size': SPLIT,
  'packed-queue-size': 'virtio 1.2 §2.8.10.1 Structure Size and Alignment',
  'queue-alignment': 'virtio 1.2 §2.7.1 Driver Requirements: Virtqueues',
  'queue-outside-ram': SPLIT,
  'avail-idx': 'virtio 1.2 §2.7.13 Supplying Buffers to The Device',
  'head-range': 'virtio 1.2 §2.7.6 The Virtqueue Available Ring',
  'head-in-flight': 'virtio 1.2 §2.7.13.1 Placing Buffers Into The Descriptor Table',
  'ring-overrun': 'virtio 1.2 §2.8.21 Supplying Buffers to The Device',
  'id-in-flight': 'virtio 1.2 §2.8.13 Descriptor Format',
  'next-range': TABLE,
  'chain-too-long': INDIRECT,
  'chain-too-large': 'virtio 1.2 §2.7.5.2 Driver Requirements: The Virtqueue Descriptor Table',
  'readable-after-writable': 'virtio 1.2 §2.7.4.2 Driver Requirements: Message Framing',
  'buffer-outside-ram': TABLE,
  'indirect-not-negotiated': INDIRECT,
  'indirect-nested': INDIRECT,
  'indirect-with-next': INDIRECT,
  'indirect-length': INDIRECT_TABLE,
  'indirect-outside-ram': INDIRECT_TABLE,
};

/** A rule the driver broke: the device goes on only after a reset. Compare `reason`; show `message`. */
export interface RingFault {
  readonly kind: 'fault';
  readonly reason: RingFaultReason;
  /** One line for people: queue, rule, numbers. */
  readonly message: string;
}

/** Makes the fault `reason` of queue `queue`; `detail` gives the offending numbers. */
export function ringFault(reason: RingFaultReason, queue: number, detail: string): RingFault {
  return { kind: 'fault', reason, message: `queue ${queue}: ${RING_FAULTS[reason]} (${detail})` };
}

/** Tells a fault from anything else an operation on a queue may return. */
export function isRingFault(outcome: unknown): outcome is RingFault {
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'fault';
}
