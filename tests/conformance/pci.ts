/** virtio 1.2, section 4.1: what a device over PCI must do. */
import { notApplicable, type Section, section, shown, tests } from './requirement.ts';

const PCI = 'devices/virtio/pci-transport.test.ts';
const QUEUE_RESET = 'devices/virtio/queue-reset.test.ts';
const MISUSE = 'devices/virtio/pci-misuse.test.ts';
const LEGACY = 'devices/virtio/legacy-interface.test.ts';
const STRUCTURES = 'devices/virtio/pci-structures.test.ts';
const SPACE = 'devices/pci/config-space.test.ts';
const MSIX = 'devices/pci/msix.test.ts';
const CAPABILITIES = tests(PCI, 'the capabilities, in the order and at the places drivers know');
const PLACES = tests(STRUCTURES, 'shows each structure, aligned and inside its BAR (%j)');
const ROOM = tests(STRUCTURES, 'has room to ring every queue, each at a multiple of an even power of two (%j)');
const KIND = tests(STRUCTURES, 'is a virtio device of its kind, to legacy drivers too');
const VECTORS = tests(STRUCTURES, 'every event goes to every vector there is, and to none');

export const PCI_REQUIREMENTS: readonly Section[] = [
  section('4.1.1', 'Device Requirements: Virtio Over PCI Bus', [
    shown(
      'is a function as the PCI specification wants it',
      tests(
        SPACE,
        'the identity is where the specification puts it',
        'write masks: all ones everywhere change only what may change',
        'sizing: all ones read back as the size and the type bits',
        'decoding follows the command register, each kind by its bit',
        'status bit, interrupt disable, and the wiring of slots',
        'offsets and pointers are computed; the last one added comes first',
      ),
    ),
  ]),
  section('4.1.2.1', 'Device Requirements: PCI Device Discovery', [
    shown('has the vendor id 0x1af4', KIND, tests(PCI, 'identity of a modern device')),
    shown('has the device id of its kind, 0x1040 and its number or the transitional one', KIND),
  ]),
  section('4.1.2.3', 'Legacy Interfaces: A Note on PCI Device Discovery', [
    shown('transitional: revision 0', KIND, tests(LEGACY, 'transitional')),
    shown('transitional: the subsystem id is the number of its kind', KIND),
    shown('transitional: a device id from 0x1000 to 0x103f', KIND),
  ]),
  section('4.1.3.2', 'Device Requirements: PCI Device Layout', [
    shown(
      'lets both halves of a field of 64 bits be accessed by themselves',
      tests(STRUCTURES, 'both halves of a field of 64 bits are read and written by themselves'),
      tests('devices/virtio/blk-device.test.ts', 'more than 2^32 sectors are told, and reached'),
    ),
  ]),
  section('4.1.4.2', 'Device Requirements: Virtio Structure PCI Capabilities', [
    shown('counts what follows a capability in its cap_len', CAPABILITIES, PLACES),
  ]),
  section('4.1.4.3.1', 'Device Requirements: Common configuration structure layout', [
    shown('offset is a multiple of 4', PLACES, CAPABILITIES),
    shown('has a common configuration capability', PLACES, CAPABILITIES),
    shown(
      'shows the features offered in every page',
      tests(PCI, 'features: offered bits, and the accepted ones read back'),
    ),
    shown(
      'shows the features accepted in every page',
      tests(PCI, 'features: offered bits, and the accepted ones read back'),
    ),
    shown(
      'shows another config_generation once the driver has read what changed',
      tests(STRUCTURES, 'the generation is another one after any number of changes, and the same after none'),
    ),
    shown(
      'resets when 0 is written to device_status, and shows 0 when that is done',
      tests(
        MISUSE,
        'with requests in flight: status stays until drained, late completions reach neither ring nor driver',
        'a hundred lives, one after the other',
      ),
    ),
    shown('shows 0 in queue_enable after a reset', tests(MISUSE, 'puts every register back')),
    shown(
      'shows 0 in queue_reset after a reset',
      tests(
        QUEUE_RESET,
        'a device reset in the midst of it leads to a new life, in which the old requests end without effect',
      ),
    ),
    shown(
      'shows 0 in queue_reset once the queue is enabled',
      tests(QUEUE_RESET, 'the queue comes back %s, in another place, and works from its start'),
    ),
    shown(
      'resets the queue when 1 is written to queue_reset',
      tests(QUEUE_RESET, 'with nothing in flight is complete at once: not enabled, everything at its default'),
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'shows 1 in queue_reset while the queue is being reset',
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'shows 0 in queue_reset and queue_enable once it has been',
      tests(QUEUE_RESET, 'with nothing in flight is complete at once: not enabled, everything at its default'),
      tests(
        QUEUE_RESET,
        'with requests in flight reads 1 until they have ended; they are not answered, the other queue is',
      ),
    ),
    shown(
      'shows 0 in queue_size where there is no queue',
      tests(PCI, 'queues: sizes offered, addresses as 64 bits, none beyond the last'),
    ),
    shown(
      'without RING_PACKED, shows 0 or a power of 2 in queue_size',
      tests(STRUCTURES, 'a queue size that is no power of two reads as 0, unless the ring is packed'),
    ),
  ]),
  section('4.1.4.4.1', 'Device Requirements: Notification capability', [
    shown('has a notification capability', PLACES, CAPABILITIES),
    shown('offset is a multiple of 2', PLACES),
    shown('the multiplier is 0 or an even power of 2', ROOM),
    shown('length is 2 at least, and enough for all queues', ROOM),
    shown('length reaches to the end of the two bytes of every queue', ROOM),
    shown('with NOTIFICATION_DATA, the multiplier is 0 or a power of 2 from 4 on', ROOM),
    shown('with NOTIFICATION_DATA, offset is a multiple of 4', PLACES),
    shown('with NOTIFICATION_DATA, length is 4 at least, and enough for all queues', ROOM),
    shown('with NOTIFICATION_DATA, length reaches to the end of the four bytes of every queue', ROOM),
  ]),
  section('4.1.4.5.1', 'Device Requirements: ISR status capability', [
    shown('has an ISR status capability', PLACES, CAPABILITIES),
    shown(
      'sets the configuration bit before it notifies of a change',
      tests(
        STRUCTURES,
        'the bit of a configuration change is set before its message is sent',
        'with the pin the bits are set before it rises',
      ),
    ),
    shown(
      'without MSI-X, sets the queue bit before it notifies of used buffers',
      tests(STRUCTURES, 'with the pin the bits are set before it rises'),
    ),
    shown(
      'without MSI-X, shows in the PCI status whether any bit is set',
      tests(
        PCI,
        'INTx: used buffers raise the pin, reading the ISR lowers it',
        'turning MSI-X off brings the pin back for what is not acknowledged',
      ),
    ),
    shown(
      'clears the status when it is read',
      tests(PCI, 'INTx: used buffers raise the pin, reading the ISR lowers it'),
    ),
  ]),
  section('4.1.4.6', 'Device-specific configuration', [
    shown('has a capability for the configuration of a kind that has one', PLACES, CAPABILITIES),
  ]),
  section('4.1.4.6.1', 'Device Requirements: Device-specific configuration', [
    shown('offset is a multiple of 4', PLACES, CAPABILITIES),
  ]),
  section('4.1.4.7.1', 'Device Requirements: Shared memory capability', [
    notApplicable('the region lies inside its BAR', 'no device has shared memory'),
    notApplicable('no two regions have one id', 'no device has shared memory'),
  ]),
  section('4.1.4.8', 'Vendor data capability', [
    notApplicable('reading it changes nothing', 'no device has vendor data'),
  ]),
  section('4.1.4.8.1', 'Device Requirements: Vendor data capability', [
    notApplicable('vendor_id is not 0x1af4', 'no device has vendor data'),
    notApplicable('its size is a multiple of 4', 'no device has vendor data'),
    notApplicable('reading it changes nothing', 'no device has vendor data'),
  ]),
  section('4.1.4.9.1', 'Device Requirements: PCI configuration access capability', [
    shown('has a configuration access capability', CAPABILITIES, PLACES),
    shown(
      'a write of pci_cfg_data writes that many bytes at that place',
      tests(
        MISUSE,
        'reads and writes structures with the BARs unmapped',
        'a narrow write is not preceded by a read: the ISR keeps its bits',
      ),
    ),
    shown(
      'a read of pci_cfg_data reads that many bytes at that place',
      tests(MISUSE, 'reads and writes structures with the BARs unmapped'),
    ),
  ]),
  section('4.1.4.10', 'Legacy Interfaces: A Note on PCI Device Layout', [
    shown(
      'transitional: shows the legacy registers in BAR 0',
      tests(LEGACY, 'stand where every legacy driver looks for them'),
    ),
    shown(
      'transitional: the configuration is the same at every width',
      tests(STRUCTURES, 'gives its configuration the same at every width'),
    ),
    shown(
      'transitional: the configuration begins right behind the registers',
      tests(LEGACY, 'the configuration follows the header, or the vectors where MSI-X is enabled'),
    ),
    shown(
      'transitional: features 32 to 63 count as not accepted',
      tests(STRUCTURES, 'takes no feature above bit 31 for accepted, and a driver without VERSION_1 for a legacy one'),
    ),
  ]),
  section('4.1.5.1.1.1', 'Legacy Interface: A Note on Device Layout Detection', [
    shown(
      'transitional: BAR 0 is in I/O space',
      tests(LEGACY, 'transitional', 'BAR 0 is large enough for header, vectors and configuration'),
    ),
  ]),
  section('4.1.5.1.2.1', 'Device Requirements: MSI-X Vector Configuration', [
    shown(
      'says in Table Size how many vectors there are',
      VECTORS,
      tests(MSIX, 'the capability describes table and pending bits'),
    ),
    shown('maps every event to every vector', VECTORS),
    shown('unmaps every event', VECTORS),
    shown('gives the vector of an event when it is read', VECTORS),
    shown('maps no event after a reset', tests(MISUSE, 'puts every register back')),
    shown('answers NO_VECTOR where it could not map', tests(PCI, 'a vector that does not exist reads back as none')),
  ]),
  section('4.1.5.3.1', 'Device Requirements: Used Buffer Notifications', [
    shown(
      'interrupts for no queue without a vector',
      VECTORS,
      tests(PCI, 'a queue without vector sends nothing; a vector set while live is used at once'),
    ),
  ]),
  section('4.1.5.4.1', 'Device Requirements: Notification of Device Configuration Changes', [
    shown('interrupts for no change of configuration without a vector', VECTORS),
  ]),
];
