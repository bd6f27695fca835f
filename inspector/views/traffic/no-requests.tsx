/** Why there is nothing to see of requests yet, and what will bring something. */
import { DEVICE_TYPES } from '../../../devices/virtio/device-names.ts';
import { deviceIdOf } from '../../model/device-blocks.ts';
import type { ViewProps } from '../../page/view-props.ts';

const NINEP = 9;

export interface NoRequestsProps extends Pick<ViewProps, 'model'> {
  readonly device: string;
  /** What this view shows once there are requests: the end of a sentence. */
  readonly shows: string;
}

/** Says it. */
export function NoRequests({ model, device, shows }: NoRequestsProps) {
  if (device === '') return <p class="quiet">There is no device yet.</p>;
  const id = deviceIdOf(model, device);
  if (id !== undefined && id !== NINEP) {
    return (
      <p class="quiet">
        {device} is no 9P transport but another device ({DEVICE_TYPES[id] ?? `type ${id}`}): it has kicks, chains and
        interrupts, and no 9P messages. [ and ] go to other devices.
      </p>
    );
  }
  return (
    <p class="quiet">
      {device} has said nothing by 9P yet. The first message is Tversion, when the guest mounts it; from then on {shows}
      .
    </p>
  );
}
