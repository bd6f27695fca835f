/** virtio 1.2, sections 2.7 and 2.8: what a device must do with its rings. Section 2.9 asks nothing of devices. */
import { type Section, section, shown, tests } from './requirement.ts';

const SPLIT = 'devices/virtio/split-virtqueue.test.ts';
const PACKED = 'devices/virtio/packed-virtqueue.test.ts';
const RULES = 'devices/virtio/ring-rules.test.ts';
const CHAIN = 'devices/virtio/descriptor-chain.test.ts';
const CONTRACT = 'devices/virtio/ring-contract.test.ts';
const ORDER = 'devices/virtio/used-order.test.ts';
const LEGACY = 'devices/virtio/legacy-interface.test.ts';
const BLK = 'devices/virtio/blk-device.test.ts';
const PCI = 'devices/virtio/pci-transport.test.ts';

export const RINGS: readonly Section[] = [
  section('2.7.2', 'Legacy Interfaces: A Note on Virtqueue Layout', [
    shown(
      'finds the parts of a legacy queue behind each other, the used ring at the alignment',
      tests(
        LEGACY,
        'the parts of a queue follow each other, the used ring on a page of its own',
        'requests are served and announced %s',
      ),
    ),
  ]),
  section('2.7.3', 'Legacy Interfaces: A Note on Virtqueue Endianness', [
    shown(
      "uses the guest's byte order in a legacy queue: little-endian, on the x86 guests there are",
      tests(
        LEGACY,
        'the parts of a queue follow each other, the used ring on a page of its own',
        'requests are served and announced %s',
      ),
    ),
  ]),
  section('2.7.4.1', 'Device Requirements: Message Framing', [
    shown(
      'assumes nothing about how a message is cut into descriptors',
      tests(BLK, 'of a read may be cut anywhere: %o', 'of a write may be cut anywhere: %o'),
      tests(CHAIN, 'without the descriptors of length 0, wherever they point'),
    ),
  ]),
  section('2.7.5.1', 'Device Requirements: The Virtqueue Descriptor Table', [
    shown(
      'writes to no buffer that is for reading',
      tests(ORDER, 'what a device may only read is as it was afterwards (%j)'),
      tests(CHAIN, 'into its readable and writable parts, in order'),
    ),
  ]),
  section('2.7.5.3.2', 'Device Requirements: Indirect Descriptors', [
    shown(
      'ignores the write flag of the descriptor that refers to a table',
      tests(
        CHAIN,
        'from an indirect table larger than the queue, at an odd address, behind an ordinary descriptor, its WRITE flag ignored',
      ),
    ),
    shown(
      'takes a table at the end of a chain of ordinary descriptors',
      tests(
        CHAIN,
        'from an indirect table larger than the queue, at an odd address, behind an ordinary descriptor, its WRITE flag ignored',
      ),
    ),
  ]),
  section('2.7.7.2', 'Device Requirements: Used Buffer Notification Suppression', [
    shown(
      'ignores used_event without EVENT_IDX',
      tests(RULES, 'without EVENT_IDX used_event means nothing, and flags 0 a notification for each burst'),
    ),
    shown(
      'without EVENT_IDX, notifies where flags is 0',
      tests(RULES, 'without EVENT_IDX used_event means nothing, and flags 0 a notification for each burst'),
    ),
    shown('ignores the low bit of flags with EVENT_IDX', tests(SPLIT, 'ignore the flag when EVENT_IDX was negotiated')),
    shown(
      'with EVENT_IDX, notifies after the entry that used_event names',
      tests(SPLIT, 'with used_event %d come for the bursts %j', 'run on through 65535'),
    ),
  ]),
  section('2.7.8.2', 'Device Requirements: The Virtqueue Used Ring', [
    shown('writes len before idx', tests(ORDER, 'has written data and length of a %s ring before %s shows the buffer')),
    shown(
      'has written at least len bytes, from the first writable buffer on, before idx',
      tests(ORDER, 'has written data and length of a %s ring before %s shows the buffer'),
      tests(SPLIT, 'of %d bytes into a chain of 16 is our bug'),
      tests(BLK, 'of a read may be cut anywhere: %o'),
    ),
  ]),
  section('2.7.10.2', 'Device Requirements: Available Buffer Notification Suppression', [
    shown(
      'without EVENT_IDX, sets flags to 0 or 1',
      tests(SPLIT, 'use flags and leave avail_event alone without EVENT_IDX'),
    ),
    shown('with EVENT_IDX, leaves flags at 0', tests(SPLIT, 'use avail_event and leave flags at 0 with EVENT_IDX')),
    shown(
      'copes with notifications for nothing',
      tests(PCI, 'kicks before DRIVER_OK, for a queue not enabled, and with odd widths and values'),
    ),
  ]),
  section('2.8.12', 'Device Requirements: Virtqueues', [
    shown(
      'begins with descriptors in the order of the ring',
      tests(RULES, 'packed buffers are taken in the order of the ring and used in the order in which they end'),
    ),
    shown(
      'begins to write used descriptors in the order in which buffers complete',
      tests(RULES, 'packed buffers are taken in the order of the ring and used in the order in which they end'),
    ),
  ]),
  section('2.8.15', 'Device Requirements: The Virtqueue Descriptor Table', [
    shown(
      'writes to no buffer that is for reading',
      tests(ORDER, 'what a device may only read is as it was afterwards (%j)'),
    ),
    shown(
      'uses no descriptor whose AVAIL bit it has not seen change',
      tests(
        PACKED,
        'a buffer is available with AVAIL set and USED clear in the first lap, and the other way round in the second',
      ),
    ),
    shown(
      'does not change a descriptor after its USED bit',
      tests(ORDER, 'has written data and length of a %s ring before %s shows the buffer'),
      tests(
        CONTRACT,
        'after detach nothing is written, taken or wanted, and it is known when the device has done with it',
      ),
    ),
  ]),
  section('2.8.18', 'Device Requirements: Scatter-Gather Support', [
    shown(
      'uses the descriptors of a list in their order',
      tests(CONTRACT, 'carries requests and replies round the ring many times, in bursts of every length'),
      tests(PACKED, 'one used descriptor answers for a chain, and the next stands behind all of its entries'),
    ),
  ]),
];
