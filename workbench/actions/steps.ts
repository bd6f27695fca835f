/** The driver's work in its order: a device is found, initialised, and served with a queue. */

import { hex } from '../../bytes/register-text.ts';
import { featureNames } from '../../devices/virtio/device-names.ts';
import { resetDevice } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { VERSION_1 } from '../../devices/virtio/features.ts';
import { RING_FEATURE } from '../../devices/virtio/queue-layout.ts';
import { STATUS } from '../../devices/virtio/status.ts';
import { DEVICE_ID } from '../device.ts';
import type { Bench } from '../rig/bench.ts';
import type { Action } from './action.ts';

const INITIALIZATION = 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization';

/** A step of initialisation, and how to see that it was taken. */
export interface Step extends Action {
  /** Whether the device has come past it. */
  isDone(bench: Bench): boolean;
  /** Left out by a driver of the legacy interface. */
  readonly modernOnly?: true;
}

const notFound = (bench: Bench) => (bench.found ? undefined : 'Find the device first.');
const has = (bench: Bench, bit: keyof typeof STATUS) => (bench.seen.status & STATUS[bit]) !== 0;

function addsStatus(
  bit: 'ACKNOWLEDGE' | 'DRIVER' | 'FEATURES_OK' | 'DRIVER_OK',
  rest: Pick<Action, 'key' | 'title' | 'doc'>,
): Step {
  return {
    ...rest,
    spec: INITIALIZATION,
    obstacle: notFound,
    isDone: (bench) => has(bench, bit),
    run({ transport }) {
      transport.status |= STATUS[bit];
    },
  };
}

/** Features a driver accepts that asks for nothing in particular: the simplest rings that are offered. */
export function usualFeatures(offered: bigint, legacy: boolean): bigint {
  const wanted = 1n | (legacy ? 0n : VERSION_1) | RING_FEATURE.packed;
  return offered & wanted;
}

/** Every step, in the order of the specification. */
export const STEPS: readonly Step[] = [
  {
    key: 'find',
    title: 'Find the device',
    doc: 'Over PCI: scan the bus, walk the capabilities, enable the function and its interrupts. Over MMIO: read the magic value, version and type.',
    spec: 'virtio 1.2 §4.1.2 PCI Device Discovery, §4.2.2 MMIO Device Register Layout',
    isDone: ({ found }) => found,
    run(bench, say) {
      for (const line of bench.find()) say(line);
    },
  },
  {
    key: 'reset',
    title: 'Reset it',
    doc: 'Write 0 to the status and wait until it reads 0: whatever was before is forgotten.',
    spec: 'virtio 1.2 §2.4 Device Reset',
    obstacle: notFound,
    isDone: ({ resets, seen }) => resets > 0 && seen.state !== 'needs-reset' && seen.state !== 'failed',
    async run(bench) {
      await resetDevice(bench.transport);
      bench.resets += 1;
      bench.requests = undefined;
      bench.accepted = 0n;
    },
  },
  addsStatus('ACKNOWLEDGE', {
    key: 'acknowledge',
    title: 'Set ACKNOWLEDGE',
    doc: 'The guest has noticed the device.',
  }),
  addsStatus('DRIVER', { key: 'driver', title: 'Set DRIVER', doc: 'The guest knows how to drive it.' }),
  {
    key: 'offered',
    title: 'Read the features offered',
    doc: 'Each bit is something the device can do, 32 of them in a page.',
    spec: 'virtio 1.2 §2.2 Feature Bits',
    obstacle: notFound,
    isDone: ({ offered }) => offered !== undefined,
    run(bench, say) {
      const { offered } = bench.transport;
      bench.offered = offered;
      if (bench.wanted === 0n) bench.wanted = usualFeatures(offered, bench.way.legacy);
      say(`Offered ${hex(offered)}: ${featureNames(DEVICE_ID, offered).join(' ')}.`);
    },
  },
  {
    key: 'features',
    title: 'Accept features',
    doc: 'Write the subset this driver understands: what is ticked.',
    spec: 'virtio 1.2 §2.2.1 Driver Requirements: Feature Bits',
    obstacle: notFound,
    isDone: (bench) => bench.accepted !== 0n,
    run(bench, say) {
      bench.accepted = bench.wanted;
      bench.transport.accept(bench.wanted);
      say(`Accepted ${hex(bench.wanted)}: ${featureNames(DEVICE_ID, bench.wanted).join(' ')}.`);
    },
  },
  {
    ...addsStatus('FEATURES_OK', {
      key: 'features-ok',
      title: 'Set FEATURES_OK and read it back',
      doc: 'The choice of features is complete. The device keeps the bit only where it agrees.',
    }),
    modernOnly: true,
    run({ transport }, say) {
      transport.status |= STATUS.FEATURES_OK;
      const agreed = (transport.status & STATUS.FEATURES_OK) !== 0;
      say(
        agreed ? 'The device kept FEATURES_OK: it agrees.' : 'FEATURES_OK reads back clear: the device does not agree.',
      );
    },
  },
  {
    key: 'queue',
    title: 'Set up the queue',
    doc: 'Choose a size, lay the areas out in guest RAM, tell the device where they are, and enable the queue.',
    spec: 'virtio 1.2 §4.1.5.1.3 Virtqueue Configuration',
    obstacle: notFound,
    isDone: ({ requests }) => requests !== undefined,
    run(bench, say) {
      const { queue, format } = bench.makeQueue();
      const { size, areas } = queue.ring;
      bench.transport.enableQueue(0, queue.ring);
      say(
        `A ${format} queue of ${size} entries: desc ${hex(areas.desc)}, driver ${hex(areas.driver)}, device ${hex(areas.device)}.`,
      );
    },
  },
  addsStatus('DRIVER_OK', {
    key: 'driver-ok',
    title: 'Set DRIVER_OK',
    doc: 'The driver is ready: from now on the device looks at the queue.',
  }),
];

/** Whether the step is one of this driver's. */
export function appliesTo(step: Step, { way }: Bench): boolean {
  return !(way.legacy && step.modernOnly === true);
}

/** The first step that was not taken; after a fault that is the reset. */
export function nextStep(bench: Bench): Step | undefined {
  return STEPS.find((step) => appliesTo(step, bench) && !step.isDone(bench));
}
