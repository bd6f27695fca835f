/** Rules of initialisation and of setting up a queue, broken. */

import type { Gpa } from '../../devices/ports.ts';
import { VERSION_1 } from '../../devices/virtio/features.ts';
import { QUEUE_AREAS, type QueueArea } from '../../devices/virtio/queue-layout.ts';
import { STATUS } from '../../devices/virtio/status.ts';
import { type Bench, RAM_LENGTH } from '../rig/bench.ts';
import type { Break } from './break.ts';

const INITIALIZATION = 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization';

/** Enables queue 0 somewhere else or of another size than the driver would; at DRIVER_OK the device looks at it. */
function enableWrongly(
  bench: Bench,
  wrong: { readonly size?: number; readonly area?: QueueArea; readonly address?: number },
): void {
  const { ring } = bench.makeQueue().queue;
  const area = wrong.area ?? 'desc';
  const areas = { ...ring.areas, [area]: (wrong.address ?? ring.areas[area]) as Gpa };
  bench.transport.enableQueue(0, { size: wrong.size ?? ring.size, areas });
  bench.transport.status |= STATUS.DRIVER_OK;
}

/** Those that need no queue. */
export const SETUP_BREAKS: readonly Break[] = [
  {
    key: 'driver-first',
    title: 'DRIVER without ACKNOWLEDGE',
    doc: 'The bits of the status have an order.',
    spec: INITIALIZATION,
    group: 'initialisation',
    from: 'found',
    run: ({ transport }) => {
      transport.status = STATUS.DRIVER;
    },
  },
  {
    key: 'driver-ok-early',
    title: 'DRIVER_OK without FEATURES_OK',
    doc: 'The driver begins before both have agreed on features.',
    spec: INITIALIZATION,
    group: 'initialisation',
    from: 'driver',
    modernOnly: true,
    run: ({ transport }) => {
      transport.status |= STATUS.DRIVER_OK;
    },
  },
  {
    key: 'features-foreign',
    title: 'Accept a feature that is not offered',
    doc: 'Bit 33, ACCESS_PLATFORM, which this device does not offer; then FEATURES_OK.',
    spec: 'virtio 1.2 §2.2.1 Driver Requirements: Feature Bits',
    group: 'initialisation',
    from: 'driver',
    modernOnly: true,
    run: ({ transport }) => {
      transport.accept(VERSION_1 | (1n << 33n));
      transport.status |= STATUS.FEATURES_OK;
    },
  },
  {
    key: 'features-old',
    title: 'Leave VERSION_1 out',
    doc: 'A driver that follows the standard accepts it. Then FEATURES_OK.',
    spec: 'virtio 1.2 §6.1 Driver Requirements: Reserved Feature Bits',
    group: 'initialisation',
    from: 'driver',
    modernOnly: true,
    run: ({ transport }) => {
      transport.accept(1n);
      transport.status |= STATUS.FEATURES_OK;
    },
  },
  {
    key: 'status-cleared',
    title: 'Clear a status bit',
    doc: 'Bits are only added; the way back is a reset.',
    spec: 'virtio 1.2 §2.1.1 Driver Requirements: Device Status Field',
    group: 'initialisation',
    from: 'driver',
    run: ({ transport }) => {
      transport.status = STATUS.ACKNOWLEDGE;
    },
  },
  {
    key: 'queue-size',
    title: 'A queue of 3 entries',
    doc: 'The size of a split queue is a power of two.',
    spec: 'virtio 1.2 §2.7 Split Virtqueues',
    group: 'queue set-up',
    from: 'features-ok',
    format: 'split',
    modernOnly: true,
    run: (bench) => enableWrongly(bench, { size: 3 }),
  },
  {
    key: 'queue-large',
    title: 'A queue larger than the largest',
    doc: 'The device says how many entries it can do at most; the driver asks for 4096.',
    spec: 'virtio 1.2 §2.7 Split Virtqueues',
    group: 'queue set-up',
    from: 'features-ok',
    modernOnly: true,
    run: (bench) => enableWrongly(bench, { size: 4096 }),
  },
  {
    key: 'queue-misaligned',
    title: 'A descriptor area at an odd address',
    doc: `It is a multiple of ${QUEUE_AREAS.split.desc.alignment} in either format; here it is one byte further.`,
    spec: 'virtio 1.2 §2.7.1 Driver Requirements: Virtqueues',
    group: 'queue set-up',
    from: 'features-ok',
    modernOnly: true,
    run: (bench) => enableWrongly(bench, { address: 0x1001 }),
  },
  {
    key: 'queue-outside',
    title: 'A queue outside RAM',
    doc: 'The device area begins where RAM ends.',
    spec: 'virtio 1.2 §2.7 Split Virtqueues',
    group: 'queue set-up',
    from: 'features-ok',
    modernOnly: true,
    run: (bench) => enableWrongly(bench, { area: 'device', address: RAM_LENGTH }),
  },
  {
    key: 'queue-twice',
    title: 'Enable a queue twice',
    doc: 'Once it is enabled the driver leaves its configuration alone.',
    spec: 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout',
    group: 'queue set-up',
    from: 'running',
    modernOnly: true,
    run: (bench) => {
      const { ring } = bench.requests?.queue ?? bench.makeQueue().queue;
      bench.transport.enableQueue(0, ring);
    },
  },
];
