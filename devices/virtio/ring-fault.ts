/**
 * The ways in which a driver can break the rules of a virtqueue. One table: the reason names the rule in code and tests,
 * its text and citation are what people read.
 */

/** Sections with more than one rule. */
const SETUP = 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout';
const INDIRECT = 'virtio 1.2 §2.7.5.3.1 Driver Requirements: Indirect Descriptors';
const TABLE = 'virtio 1.2 §2.7.5 The Virtqueue Descriptor Table';
const INDIRECT_TABLE = 'virtio 1.2 §2.7.5.3 Indirect Descriptors';
const SPLIT = 'virtio 1.2 §2.7 Split Virtqueues';

/** Rules of virtio 1.2 a driver can break with a queue, by the name used in code; `text` says what was wrong. */
export const RING_FAULTS = {
  'queue-changed-while-enabled': {
    text: 'the driver changed the configuration of an enabled queue',
    spec: SETUP,
  },
  'queue-enabled-twice': {
    text: 'the driver enabled a queue that is enabled already',
    spec: SETUP,
  },
  'queue-disabled': {
    text: 'the driver wrote 0 to the enable register of a queue',
    spec: SETUP,
  },
  'queue-enable-value': {
    text: 'the driver wrote something other than 0 or 1 to the enable register of a queue',
    spec: 'virtio 1.2 §4.1.4.3 Common configuration structure layout',
  },
  'queue-being-reset': {
    text: 'the driver configured a queue whose reset is not complete',
    spec: SETUP,
  },
  'queue-size': {
    text: 'the queue size is not a power of two between 1 and the maximum of this queue',
    spec: SPLIT,
  },
  'packed-queue-size': {
    text: 'the queue size is not between 1 and the maximum of this queue',
    spec: 'virtio 1.2 §2.8.10.1 Structure Size and Alignment',
  },
  'queue-alignment': {
    text: 'a part of the queue is not aligned as it must be',
    spec: 'virtio 1.2 §2.7.1 Driver Requirements: Virtqueues',
  },
  'queue-outside-ram': {
    text: 'a part of the queue is not in RAM',
    spec: SPLIT,
  },
  'avail-idx': {
    text: 'the available index is ahead by more than the queue size',
    spec: 'virtio 1.2 §2.7.13 Supplying Buffers to The Device',
  },
  'head-range': {
    text: 'an available entry names a descriptor outside the table',
    spec: 'virtio 1.2 §2.7.6 The Virtqueue Available Ring',
  },
  'head-in-flight': {
    text: 'an available entry names a chain that the device has not returned yet',
    spec: 'virtio 1.2 §2.7.13.1 Placing Buffers Into The Descriptor Table',
  },
  'ring-overrun': {
    text: 'a descriptor chain runs on into descriptors that the device has not returned yet',
    spec: 'virtio 1.2 §2.8.21 Supplying Buffers to The Device',
  },
  'id-in-flight': {
    text: 'a chain has the buffer id of one that the device has not returned yet',
    spec: 'virtio 1.2 §2.8.13 Descriptor Format',
  },
  'next-range': {
    text: 'the next field of a descriptor points outside its table',
    spec: TABLE,
  },
  'chain-too-long': {
    text: 'a descriptor chain is longer than the queue size, or loops',
    spec: INDIRECT,
  },
  'chain-too-large': {
    text: 'the buffers of a descriptor chain exceed 2^32 bytes',
    spec: 'virtio 1.2 §2.7.5.2 Driver Requirements: The Virtqueue Descriptor Table',
  },
  'readable-after-writable': {
    text: 'a device-readable descriptor follows a device-writable one',
    spec: 'virtio 1.2 §2.7.4.2 Driver Requirements: Message Framing',
  },
  'buffer-outside-ram': {
    text: 'a descriptor points outside RAM',
    spec: TABLE,
  },
  'indirect-not-negotiated': {
    text: 'a descriptor is indirect though VIRTIO_F_INDIRECT_DESC was not negotiated',
    spec: INDIRECT,
  },
  'indirect-nested': {
    text: 'an indirect table holds an indirect descriptor',
    spec: INDIRECT,
  },
  'indirect-with-next': {
    text: 'an indirect descriptor has the NEXT flag, or is in a packed ring one of several of a chain',
    spec: INDIRECT,
  },
  'indirect-length': {
    text: 'the length of an indirect table is 0 or not a multiple of 16',
    spec: INDIRECT_TABLE,
  },
  'indirect-outside-ram': {
    text: 'an indirect table is not in RAM',
    spec: INDIRECT_TABLE,
  },
} as const;

/** Name of a broken rule. */
export type RingFaultReason = keyof typeof RING_FAULTS;

/** A rule the driver broke: the device goes on only after a reset. Compare `reason`; show `message`. */
export interface RingFault {
  readonly kind: 'fault';
  readonly reason: RingFaultReason;
  /** One line for people: queue, rule, numbers. */
  readonly message: string;
}

/** Makes the fault `reason` of queue `queue`; `detail` gives the offending numbers. */
export function ringFault(reason: RingFaultReason, queue: number, detail: string): RingFault {
  return { kind: 'fault', reason, message: `queue ${queue}: ${RING_FAULTS[reason].text} (${detail})` };
}

/** Tells a fault from anything else an operation on a queue may return. */
export function isRingFault(outcome: unknown): outcome is RingFault {
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'fault';
}
