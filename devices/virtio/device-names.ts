/** What virtio device ids and feature bits are called, for people: in the specification's words. */

/** Device types of the standard that there may be here. @spec virtio 1.2 §5 Device Types */
export const DEVICE_TYPES: Readonly<Record<number, string>> = {
  1: 'network card',
  2: 'block device',
  3: 'console',
  4: 'entropy source',
  5: 'memory ballooning (traditional)',
  8: 'SCSI host',
  9: '9P transport',
};

/** Feature bits by device id. @spec virtio 1.2 §5.2.3 Feature bits, §5.3.3 Feature bits; Linux include/uapi/linux/virtio_9p.h */
const OWN_FEATURES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  2: {
    1: 'SIZE_MAX',
    2: 'SEG_MAX',
    4: 'GEOMETRY',
    5: 'RO',
    6: 'BLK_SIZE',
    9: 'FLUSH',
    10: 'TOPOLOGY',
    11: 'CONFIG_WCE',
    12: 'MQ',
    13: 'DISCARD',
    14: 'WRITE_ZEROES',
    15: 'LIFETIME',
    16: 'SECURE_ERASE',
  },
  3: { 0: 'SIZE', 1: 'MULTIPORT', 2: 'EMERG_WRITE' },
  9: { 0: 'MOUNT_TAG' },
};

/** Feature bits of all devices. @spec virtio 1.2 §6 Reserved Feature Bits, §6.3 Legacy Interface: Reserved Feature Bits */
const RESERVED_FEATURES: Readonly<Record<number, string>> = {
  24: 'NOTIFY_ON_EMPTY',
  27: 'ANY_LAYOUT',
  28: 'INDIRECT_DESC',
  29: 'EVENT_IDX',
  32: 'VERSION_1',
  33: 'ACCESS_PLATFORM',
  34: 'RING_PACKED',
  35: 'IN_ORDER',
  36: 'ORDER_PLATFORM',
  37: 'SR_IOV',
  38: 'NOTIFICATION_DATA',
  39: 'NOTIF_CONFIG_DATA',
  40: 'RING_RESET',
};

/** The names of the bits that are set in `features` of a device of type `deviceId`; a bit without one is `bit N`. */
export function featureNames(deviceId: number, features: bigint): string[] {
  const own = OWN_FEATURES[deviceId] ?? {};
  const names: string[] = [];
  for (let bit = 0; features >> BigInt(bit) !== 0n; bit += 1) {
    if ((features >> BigInt(bit)) % 2n === 1n) names.push(own[bit] ?? RESERVED_FEATURES[bit] ?? `bit ${bit}`);
  }
  return names;
}
