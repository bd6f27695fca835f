import type { Gpa } from '../../../devices/ports.ts';
import type { DirectTransport } from '../../../devices/virtio/fake-driver/direct-transport.ts';
import type { Operations } from './window.ts';
import type { QueuePlace, Wire } from './wires.ts';

/** Steps of a driver without any registers between it and the device. */
export function directWire(transport: DirectTransport, count: Operations): Wire {
  const places = new Map<number, QueuePlace>();
  const step = <T>(act: () => T): T => {
    count.operations += 1;
    return act();
  };
  return {
    name: 'direct',
    legacy: false,
    status: (value) =>
      step(() => {
        transport.status = value;
      }),
    readStatus: () => step(() => transport.status),
    accept: (low, high) => step(() => transport.accept((BigInt(high) << 32n) | BigInt(low))),
    offered: () => step(() => [Number(transport.offered & 0xffff_ffffn), Number(transport.offered >> 32n)] as const),
    place: (queue, place) => void places.set(queue, place),
    enable: (queue) =>
      step(() => {
        const place = places.get(queue);
        if (place === undefined) return;
        const { desc, driver, device } = place.areas;
        transport.enableQueue(queue, {
          size: place.size,
          areas: { desc: desc as Gpa, driver: driver as Gpa, device: device as Gpa },
        });
      }),
    kick: (queue) => step(() => transport.kick(queue)),
    resetQueue: (queue) => step(() => transport.writeQueueReset(queue, 1)),
    isResetting: (queue) => step(() => transport.readQueueReset(queue) !== 0),
    acknowledge: () => {},
    vectors: () => {},
  };
}
