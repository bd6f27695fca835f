/** virtio 1.2, section 4.2: what a device over MMIO must do. Section 4.2.4, the legacy layout, has no MUST of its own. */
import { type Section, section, shown, tests } from './requirement.ts';

const MMIO = 'devices/virtio/mmio-transport.test.ts';
const QUEUE_RESET = 'devices/virtio/queue-reset.test.ts';
const EVENTS = 'devices/virtio/mmio-events.test.ts';

export const MMIO_REQUIREMENTS: readonly Section[] = [
  section('4.2.2.1', 'Device Requirements: MMIO Device Register Layout', [
    shown('reads 0x74726976 in MagicValue', tests(MMIO, 'identify the device (legacy %s)')),
    shown('reads 2 in Version', tests(MMIO, 'identify the device (legacy %s)')),
    shown(
      'shows each event in InterruptStatus until the driver acknowledges it',
      tests(EVENTS, 'an event stays in InterruptStatus until its bit is acknowledged, and no other bit is ever set'),
    ),
    shown(
      'leaves the bits of what did not happen 0',
      tests(EVENTS, 'an event stays in InterruptStatus until its bit is acknowledged, and no other bit is ever set'),
    ),
    shown(
      'clears InterruptStatus and all ready bits on reset',
      tests(EVENTS, 'a reset clears InterruptStatus and the ready bit of every queue'),
    ),
    shown(
      'changes ConfigGeneration where the driver could see two versions at once',
      tests(EVENTS, 'ConfigGeneration is another one after any number of changes, and the same after none'),
    ),
    shown(
      'does not touch a queue that is not ready',
      tests(EVENTS, 'a queue that is not ready is not looked at, before and after it was'),
      tests(MMIO, 'a queue that the driver takes away is not touched any more'),
    ),
    shown(
      'shows 0 in QueueReset after a reset',
      tests(
        QUEUE_RESET,
        'a device reset in the midst of it leads to a new life, in which the old requests end without effect',
      ),
    ),
    shown(
      'shows 0 in QueueReset once the queue is ready',
      tests(QUEUE_RESET, 'the queue comes back %s, in another place, and works from its start'),
    ),
    shown(
      'resets the queue when 1 is written to QueueReset',
      tests(QUEUE_RESET, 'with nothing in flight is complete at once: not enabled, everything at its default'),
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'shows 1 in QueueReset while the queue is being reset',
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'shows 0 in QueueReset and QueueReady once it has been',
      tests(QUEUE_RESET, 'with nothing in flight is complete at once: not enabled, everything at its default'),
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
  ]),
];
