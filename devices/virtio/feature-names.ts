/** Names of feature bits, for people. */

/** Bits every device may have, by number. @spec virtio 1.2 §6 Reserved Feature Bits, §6.3 Legacy Interface: Reserved Feature Bits */
const COMMON: Readonly<Record<number, string>> = {
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

/** Bits of one kind of device, by its virtio id. @spec Linux include/uapi/linux/virtio_9p.h */
const OF_DEVICE: Readonly<Record<number, Readonly<Record<number, string>>>> = { 9: { 0: 'MOUNT_TAG' } };

/** The bits set, by name where they have one: `MOUNT_TAG VERSION_1 bit 5`. */
export function featureNames(deviceId: number, features: bigint): string {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit += 1) {
    if (((features >> BigInt(bit)) & 1n) === 0n) continue;
    names.push(OF_DEVICE[deviceId]?.[bit] ?? COMMON[bit] ?? `bit ${bit}`);
  }
  return names.join(' ');
}
