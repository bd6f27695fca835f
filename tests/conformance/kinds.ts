/** virtio 1.2, sections 5.2 to 5.4: what block, console and entropy devices must do. */
import { FEATURE } from './features.ts';
import { notOffered, type Section, section, shown, tests } from './requirement.ts';

const BLK = 'devices/virtio/blk-device.test.ts';
const BLK_CONFIG = 'devices/virtio/blk-config.test.ts';
const CONSOLE = 'devices/virtio/console-device.test.ts';
const OFFERS = 'devices/virtio/offers.test.ts';

export const KINDS: readonly Section[] = [
  section('5.2.4.1', 'Block Device, Legacy Interface: Device configuration layout', [
    shown(
      "legacy: the configuration has the guest's byte order, little-endian on x86",
      tests(BLK, 'reads, writes, flushes and names itself, rings %o'),
    ),
  ]),
  section('5.2.5.2', 'Block Device, Device Requirements: Device Initialization', [
    shown('offers FLUSH with CONFIG_WCE', tests(OFFERS, 'offers no feature without the one it needs')),
    shown(
      'with CONFIG_WCE but not FLUSH, begins with writeback 0',
      tests(BLK, 'once completed, where it can choose but not flush'),
    ),
    shown('padding is 0', tests(BLK_CONFIG, 'padding of the configuration is 0, whatever is written to it')),
  ]),
  section('5.2.5.3', 'Block Device, Legacy Interface: Device Initialization', [
    shown(
      'legacy: goes by the rules that follow here, as there is no FEATURES_OK',
      tests(
        BLK_CONFIG,
        'is what it chose, through every status bit and every choice of features',
        'is what it was where it may choose and did not',
      ),
    ),
    shown(
      'legacy: no status bit changes the cache mode, but DRIVER_OK without CONFIG_WCE',
      tests(
        BLK_CONFIG,
        'is what it chose, through every status bit and every choice of features',
        'is what it was where it may choose and did not',
      ),
    ),
    shown(
      'legacy: no choice of features changes the cache mode',
      tests(
        BLK_CONFIG,
        'is what it chose, through every status bit and every choice of features',
        'is what it was where it may choose and did not',
      ),
    ),
  ]),
  section('5.2.6.2', 'Block Device, Device Requirements: Device Operation', [
    shown(
      'answers a write to a read-only disk with IOERR',
      tests(BLK, 'a read-only disk says so, and refuses what would change it'),
    ),
    shown(
      'writes nothing to a read-only disk',
      tests(BLK, 'a read-only disk says so, and refuses what would change it'),
    ),
    shown(
      'answers unknown flags of discard, secure erase and write zeroes with UNSUPP',
      tests(BLK, 'a secure erase', 'zeroes with an unknown flag', 'a discard with an unknown flag'),
    ),
    shown('answers a discard with the unmap flag with UNSUPP', tests(BLK, 'a discard with the unmap flag')),
    shown(
      'reads zeroes where zeroes were written, unmapped or not',
      tests(BLK, 'ranges are discarded and zeroed, no byte more'),
    ),
    shown(
      'has committed a stable write before it says that the write, or the flush, is complete',
      tests(
        BLK,
        'once completed, where the driver cannot flush',
        'once completed, where it can choose but not flush',
        'once completed, where the configuration says so',
        'once completed, where the driver wrote so',
      ),
      tests('devices/virtio/used-order.test.ts', 'a flush ends when the store has flushed, and not before'),
      tests('vmm/disks/file-block-store.test.ts', 'flushing reaches the medium unless told otherwise'),
    ),
    shown(
      'does not offer LIFETIME where nothing is known of it',
      tests(OFFERS, 'a block device does not offer LIFETIME'),
    ),
    notOffered(FEATURE.blkLifetime, 'sends no reserved values as metrics'),
  ]),
  section('5.2.6.3', 'Block Device, Legacy Interface: Device Operation', [
    shown(
      "legacy: requests have the guest's byte order, little-endian on x86",
      tests(BLK, 'reads, writes, flushes and names itself, rings %o'),
    ),
  ]),
  section('5.3.4.1', 'Console Device, Legacy Interface: Device configuration layout', [
    shown(
      "legacy: the configuration has the guest's byte order, little-endian on x86",
      tests(CONSOLE, 'prints, is typed on, and knows its size'),
    ),
  ]),
  section('5.3.5.1', 'Console Device, Device Requirements: Device Initialization', [
    shown('lets emerg_wr be written at any time', tests(CONSOLE, 'an emergency write needs no queue and no driver')),
  ]),
  section('5.3.6.2.1', 'Console Device, Device Requirements: Multiport Device Operation', [
    notOffered(FEATURE.consoleMultiport, 'adds no port that is there already'),
    notOffered(FEATURE.consoleMultiport, 'adds no port from max_nr_ports on'),
    notOffered(FEATURE.consoleMultiport, 'removes no port that was not added'),
  ]),
  section('5.3.6.3', 'Console Device, Legacy Interface: Device Operation', [
    notOffered(FEATURE.consoleMultiport, "legacy: control messages have the guest's byte order"),
  ]),
  section('5.4.6.2', 'Entropy Device, Device Requirements: Device Operation', [
    shown(
      'puts at least one random byte into a buffer',
      tests('devices/virtio/rng-device.test.ts', 'buffers come back full, with an interrupt'),
    ),
  ]),
];
