/** Rules of rings and descriptors, broken. Each is followed by a kick. */
import { DESCRIPTOR_FLAG, RING_FEATURE } from '../../devices/virtio/queue-layout.ts';
import { type Bench, RAM_LENGTH } from '../rig/bench.ts';
import type { DriverRequests } from '../rig/requests.ts';
import type { Break } from './break.ts';
import { type RawDescriptor, rawChain, rawTable } from './raw-chain.ts';
import { queueOf } from './traffic.ts';

const { next: NEXT, write: WRITE, indirect: INDIRECT } = DESCRIPTOR_FLAG;
const TABLE = 'virtio 1.2 §2.7.5 The Virtqueue Descriptor Table';
const TABLES = 'virtio 1.2 §2.7.5.3.1 Driver Requirements: Indirect Descriptors';

/** What every request of these is: bytes that are no message, of which the device does not get to see any. */
const LENGTH = 32;

type Rule = Pick<Break, 'key' | 'title' | 'doc' | 'spec' | 'format' | 'features'>;

/** A rule of descriptors: `write` puts them into the ring. */
function ringRule(rule: Rule, write: (requests: DriverRequests) => void): Break {
  return {
    ...rule,
    group: 'descriptors',
    from: 'running',
    run(bench) {
      write(queueOf(bench));
      bench.transport.kick(0);
    },
  };
}

function chainRule(rule: Rule, chain: (requests: DriverRequests) => readonly RawDescriptor[]): Break {
  return ringRule(rule, (requests) => rawChain(requests, chain(requests)));
}

const buffers = ({ slots }: DriverRequests) => ({ request: slots[0]?.request ?? 0, reply: slots[0]?.reply ?? 0 });
const indirect = { features: RING_FEATURE.indirectDesc };

/** Each of them. */
export const RING_BREAKS: readonly Break[] = [
  chainRule(
    {
      key: 'loop',
      title: 'A chain that loops',
      doc: 'Descriptor 1 has NEXT and names descriptor 0.',
      spec: TABLE,
      format: 'split',
    },
    (requests) => {
      const { request } = buffers(requests);
      return [
        { addr: request, len: LENGTH },
        { addr: request, len: LENGTH, flags: NEXT, next: 0 },
      ];
    },
  ),
  chainRule(
    {
      key: 'order',
      title: 'Readable after writable',
      doc: 'All that the device reads comes before all that it writes.',
      spec: 'virtio 1.2 §2.7.4.2 Driver Requirements: Message Framing',
    },
    (requests) => {
      const { request, reply } = buffers(requests);
      return [
        { addr: reply, len: LENGTH, flags: WRITE },
        { addr: request, len: LENGTH },
      ];
    },
  ),
  chainRule(
    {
      key: 'outside',
      title: 'A buffer outside RAM',
      doc: 'It begins in the last bytes of RAM and ends behind them.',
      spec: TABLE,
    },
    () => [{ addr: RAM_LENGTH - 8, len: LENGTH }],
  ),
  ringRule(
    {
      key: 'head',
      title: 'A head beyond the table',
      doc: 'The available ring names a descriptor that does not exist.',
      spec: 'virtio 1.2 §2.7.6 The Virtqueue Available Ring',
      format: 'split',
    },
    ({ split, queue }) => {
      split.setAvailEntry(split.availIdx & (queue.ring.size - 1), queue.ring.size);
      split.availIdx = (split.availIdx + 1) & 0xffff;
    },
  ),
  chainRule(
    {
      key: 'next',
      title: 'A next beyond the table',
      doc: 'Descriptor 0 has NEXT and names one that does not exist.',
      spec: TABLE,
      format: 'split',
    },
    (requests) => [{ addr: buffers(requests).request, len: LENGTH, flags: NEXT, next: 1000 }],
  ),
  ringRule(
    {
      key: 'avail',
      title: 'An index too far ahead',
      doc: 'The available index is ahead by more than the ring has entries.',
      spec: 'virtio 1.2 §2.7.13 Supplying Buffers to The Device',
      format: 'split',
    },
    ({ split, queue }) => {
      split.availIdx = (split.availIdx + queue.ring.size + 1) & 0xffff;
    },
  ),
  chainRule(
    {
      key: 'indirect-unasked',
      title: 'Indirect without the feature',
      doc: 'INDIRECT_DESC was not accepted, and a descriptor refers to a table.',
      spec: TABLES,
    },
    (requests) => {
      const { request, reply } = buffers(requests);
      return [{ addr: reply, len: rawTable(requests, reply, [{ addr: request, len: LENGTH }]), flags: INDIRECT }];
    },
  ),
  chainRule(
    {
      ...indirect,
      key: 'indirect-nested',
      title: 'A table in a table',
      doc: 'An indirect table refers to another one. (In a packed ring the flag means nothing there.)',
      spec: TABLES,
      format: 'split',
    },
    (requests) => {
      const { request, reply } = buffers(requests);
      const table = [{ addr: request, len: LENGTH, flags: INDIRECT }];
      return [{ addr: reply, len: rawTable(requests, reply, table), flags: INDIRECT }];
    },
  ),
  chainRule(
    {
      ...indirect,
      key: 'indirect-next',
      title: 'INDIRECT with NEXT',
      doc: 'A table is the end of its chain, and here is a descriptor behind it.',
      spec: TABLES,
    },
    (requests) => {
      const { request, reply } = buffers(requests);
      const length = rawTable(requests, reply, [{ addr: request, len: LENGTH }]);
      return [
        { addr: reply, len: length, flags: INDIRECT },
        { addr: request, len: LENGTH },
      ];
    },
  ),
  chainRule(
    {
      ...indirect,
      key: 'indirect-length',
      title: 'A table of 17 bytes',
      doc: 'A table is a whole number of descriptors, 16 bytes each.',
      spec: 'virtio 1.2 §2.7.5.3 Indirect Descriptors',
    },
    (requests) => {
      const { request, reply } = buffers(requests);
      rawTable(requests, reply, [{ addr: request, len: LENGTH }]);
      return [{ addr: reply, len: 17, flags: INDIRECT }];
    },
  ),
  {
    key: 'kick-nobody',
    title: 'Kick a queue that does not exist',
    doc: 'The device has one queue; this rings for number 7. Nothing is there, so nothing happens.',
    spec: 'virtio 1.2 §2.7.10.2 Device Requirements: Available Buffer Notification Suppression',
    group: 'descriptors',
    from: 'running',
    run: ({ transport }: Bench) => transport.kick(7),
  },
];
