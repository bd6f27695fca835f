import type { DeviceConfig, DiskConfig } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import type { DeviceOption, DiskDeviceOption, P9DeviceOption } from './device.ts';
import { parseDrive } from './drive.ts';

/** Makes the devices of a machine that are no shares: the whole disks of `--drive`, then those of `--device`. Throws UsageError. */
export function collectDevices(drive: readonly string[], device: readonly DeviceOption[]): DeviceConfig[] {
  const drives = drive.map(parseDrive);
  const halves = new Map<string, DiskConfig>();
  const ids = new Set<string>();
  for (const { whole, disk } of drives) {
    const { id } = disk;
    if (id === undefined) continue;
    if (ids.has(id)) throw new UsageError(`--drive: id=${id} is given twice; each drive needs a name of its own`);
    ids.add(id);
    if (!whole) halves.set(id, disk);
  }
  const described = device
    .filter((one): one is Exclude<DeviceOption, P9DeviceOption> => one.kind !== '9p')
    .map((one) => (one.kind === 'disk' ? joinDrive(one, halves, ids) : one));
  // One without storage may stay in the drawer, as in the command lines of QEMU's tests.
  const [unused] = [...halves].filter(([, disk]) => 'path' in disk).map(([id]) => id);
  if (unused !== undefined) {
    throw new UsageError(`--drive: id=${unused} is used by no device; add --device virtio-blk-pci,drive=${unused}`);
  }
  return [...drives.filter(({ whole }) => whole).map(({ disk }) => disk), ...described];
}

/** Takes the drive a device names. */
function joinDrive(
  { drive, id, serial, virtio }: DiskDeviceOption,
  halves: Map<string, DiskConfig>,
  ids: ReadonlySet<string>,
): DiskConfig {
  const half = halves.get(drive);
  if (half === undefined) {
    const why = ids.has(drive)
      ? 'is the disk of another device already, or one by itself; give it if=none and one device'
      : `does not exist; add --drive if=none,id=${drive},file=FILE`;
    throw new UsageError(`--device: drive ${drive} ${why}`);
  }
  halves.delete(drive);
  return {
    ...half,
    id: id ?? drive,
    ...(serial === undefined ? {} : { serial }),
    ...(virtio === undefined ? {} : { virtio }),
  };
}
