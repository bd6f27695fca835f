/** virtio 1.2, chapters 2, 3 and 6, without the rings: what a device of any kind must do. */
import { notMet, type Section, section, shown, tests } from './requirement.ts';

const RESET = 'devices/virtio/device-reset.test.ts';
const STATUS = 'devices/virtio/status.test.ts';
const PCI = 'devices/virtio/pci-transport.test.ts';
const MISUSE = 'devices/virtio/pci-misuse.test.ts';
const LEGACY = 'devices/virtio/legacy-interface.test.ts';
const QUEUE_RESET = 'devices/virtio/queue-reset.test.ts';
const OFFERS = 'devices/virtio/offers.test.ts';
const STRUCTURES = 'devices/virtio/pci-structures.test.ts';

export const BASIC: readonly Section[] = [
  section('2.1.2', 'Device Requirements: Device Status Field', [
    shown(
      'takes no buffer and announces no used buffer before DRIVER_OK',
      tests(
        RESET,
        'before DRIVER_OK no buffer is taken and no used buffer is announced, however often the driver rings',
      ),
      tests(MISUSE, 'before DRIVER_OK no interrupt is sent; the driver is told once it sets it'),
    ),
    shown(
      'once DRIVER_OK is set, follows DEVICE_NEEDS_RESET with a configuration change notification',
      tests(MISUSE, 'that the device fails to do leaves it asking for one, told by interrupt; the next may succeed'),
      tests(
        'devices/virtio/mmio-transport.test.ts',
        'a queue outside RAM: DEVICE_NEEDS_RESET with an interrupt, and a reset leads out of it',
      ),
    ),
  ]),
  section('2.2.2', 'Device Requirements: Feature Bits', [
    shown('offers no feature without the ones it needs', tests(OFFERS, 'offers no feature without the one it needs')),
    shown(
      'does not keep FEATURES_OK for a choice of features it cannot work with',
      tests(PCI, 'FEATURES_OK is not kept for %s'),
      tests(STATUS, 'features that are objected to: FEATURES_OK reads back clear, and DRIVER_OK with it is refused'),
    ),
  ]),
  section('2.2.3', 'Legacy Interface: A Note on Feature Bits', [
    shown(
      'knows a legacy driver by its not accepting VERSION_1',
      tests(STRUCTURES, 'takes no feature above bit 31 for accepted, and a driver without VERSION_1 for a legacy one'),
    ),
    notMet('keeps the rules of the legacy sections towards a legacy driver', 'all of them but 6.3-3: see there'),
  ]),
  section('2.4.1', 'Device Requirements: Device Reset', [
    shown(
      'puts the status back to 0 after a reset',
      tests(STATUS, 'a reset under way shows the old value, refuses everything and ends with 0'),
      tests(
        MISUSE,
        'with requests in flight: status stays until drained, late completions reach neither ring nor driver',
      ),
    ),
    shown(
      'once the status reads 0, sends nothing and leaves the queues alone until it is initialised again',
      tests(
        RESET,
        'once a reset has ended the old rings are not touched and nobody is interrupted, until a driver comes again',
      ),
    ),
  ]),
  section('2.5.2', 'Device Requirements: Device Configuration Space', [
    shown(
      'lets every field be read before FEATURES_OK, those of offered features too',
      tests(OFFERS, 'has all of its configuration read before features are agreed on, conditional fields among it'),
      tests(OFFERS, 'a block device tells its conditional fields before features are agreed on'),
    ),
  ]),
  section('2.6.1.1.1', 'Device Requirements: Virtqueue Reset', [
    shown(
      'executes nothing from a queue that was reset, and sends nothing for it',
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'puts all state of the queue back to the default',
      tests(
        QUEUE_RESET,
        'with nothing in flight is complete at once: not enabled, everything at its default',
        'nothing of the old ring completes into the new one, in the same place, under the same numbers',
      ),
    ),
  ]),
  section('2.6.1.2.1', 'Device Requirements: Virtqueue Re-enable', [
    shown(
      'goes by what the driver configured anew, such as the size',
      tests(QUEUE_RESET, 'the queue comes back %s, in another place, and works from its start'),
    ),
  ]),
  section('3.1.2', 'Legacy Interface: Device Initialization', [
    shown(
      'lets a legacy driver write configuration before it writes features',
      tests(
        'devices/virtio/blk-config.test.ts',
        'is what it chose, through every status bit and every choice of features',
      ),
    ),
    shown(
      'lets a legacy driver use the device before DRIVER_OK',
      tests(
        'devices/virtio/legacy-early.test.ts',
        'a driver is served before DRIVER_OK, and goes on after it',
        'a queue placed later joins',
      ),
    ),
  ]),
  section('6.2', 'Device Requirements: Reserved Feature Bits', [
    shown('offers VERSION_1', tests(OFFERS, 'offers VERSION_1 to modern drivers, and SR_IOV to none')),
    shown(
      'uses buffers in the order in which they were made available, once IN_ORDER is agreed on',
      tests('devices/virtio/in-order.test.ts', 'a chain that ends early is held back until the older ones have ended'),
      tests(
        'devices/virtio/ring-contract.test.ts',
        'carries requests and replies round the ring many times, in bursts of every length',
      ),
    ),
    shown(
      'does not offer SR_IOV without the PCI capability of that name',
      tests(OFFERS, 'offers VERSION_1 to modern drivers, and SR_IOV to none'),
    ),
  ]),
  section('6.3', 'Legacy Interface: Reserved Feature Bits', [
    shown(
      'with NOTIFY_ON_EMPTY, tells the driver of a queue that ran empty though it asked for silence',
      tests(LEGACY, 'NOTIFY_ON_EMPTY: the driver hears of a ring that ran empty though it asked for silence'),
    ),
    shown(
      'offers ANY_LAYOUT to legacy drivers',
      tests(OFFERS, 'offers ANY_LAYOUT to legacy drivers, and nothing above bit 31'),
    ),
    notMet(
      'offers bit 30, UNUSED, to legacy drivers',
      'the same entry says that the bit should not be negotiated; it is there to find drivers that accept whatever they read',
    ),
  ]),
];
