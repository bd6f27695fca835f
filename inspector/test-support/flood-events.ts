import type { DescriptorSeen } from '../../devices/events.ts';
import type { EventKind, TraceEvent } from '../../trace/event.ts';

/** What the test calls. */
export interface Flood {
  /** Tells of so many requests as fast as the page takes them. Resolves to how many events these were. */
  pour(requests: number): Promise<number>;
  /** Tells of so many events a second for some seconds. Resolves to the times between frames in milliseconds. */
  run(eventsPerSecond: number, seconds: number): Promise<number[]>;
  /** Resolves when what was told until now is drawn. */
  drawn(): Promise<void>;
}

const SIZE = 128;
const MESSAGE = new Uint8Array(24).fill(0x20);

/** Events of a device that serves reads, walks and failures side by side, each on its whole way: twelve for each request. */
export function floodEvents() {
  let [id, time, taken] = [0, 0, 0];
  const tell = <K extends EventKind>(kind: K, fields: TraceEvent<K>['fields'], cause?: number): TraceEvent => {
    id += 1;
    time += 7;
    return { id, time, kind, device: 'host', ...(cause !== undefined && { cause }), fields } as TraceEvent;
  };
  const descriptor = (index: number, flags: number): DescriptorSeen => ({
    table: 'ring',
    index: index % SIZE,
    address: 0x10_0000 + index * 4096,
    length: flags === 2 ? 65_547 : 23,
    flags,
    nextOrId: 0,
  });

  function* one(): Generator<TraceEvent> {
    const number = taken;
    taken += 1;
    const [name, ...rest] = [`f${number % 3000}`];
    const head = (number * 2) % SIZE;
    const written = tell('register-write', { block: 'notify', offset: 0, width: 2, value: 0, text: 'queue 0' });
    yield written;
    const kick = tell('kick', { queue: 0 }, written.id);
    yield kick;
    const descriptors = [descriptor(head, 1), descriptor(head + 1, 2)];
    const chain = tell('chain', {
      queue: 0,
      head,
      readableLength: 23,
      writableLength: 65_547,
      descriptors,
      kick: kick.id,
      bytes: MESSAGE,
    });
    yield chain;
    const asks = ASKS[number % ASKS.length] ?? ASKS[0];
    const { message, fields, answer, error } = asks(name ?? '', number);
    const request = tell('request', {
      name: message,
      tag: number % 16,
      type: 0,
      size: 23,
      fids: [0, 5 + (number % 100), ...rest.map(Number)],
      text: `${message} tag ${number % 16} fid 0 newfid ${5 + (number % 100)} wname ["${name}"]`,
      fields,
      chain: chain.id,
      bytes: MESSAGE,
    });
    yield request;
    const calls: number[] = [];
    for (let call = 0; call < 4; call += 1) {
      const told = tell('host-call', {
        name: 'statx',
        text: `statx(${number % 40}, "${name}", AT_EMPTY_PATH, STATX_BASIC_STATS, [256])`,
        result: error === undefined ? 0 : -2,
        error,
        took: 3 + (number % 50),
        where: call === 3 ? 'pool' : 'here',
        request: request.id,
      });
      calls.push(told.id);
      yield told;
    }
    const failed = error === undefined ? message.replace('T', 'R') : 'Rlerror';
    yield tell('reply', {
      name: failed,
      tag: number % 16,
      type: 0,
      size: 24,
      text: error === undefined ? `${failed} tag ${number % 16}` : `Rlerror tag ${number % 16} ecode ${error}`,
      fields: answer,
      error,
      took: 20 + ((number * 37) % 900),
      request: request.id,
      chain: chain.id,
      calls,
      bytes: MESSAGE,
    });
    const used = tell('used', { queue: 0, head, length: 24, chain: chain.id, bytes: MESSAGE });
    yield used;
    const notification = tell('notification', { what: 'used buffers', queue: 0, used: [used.id] });
    yield notification;
    yield tell('message', { vector: 1, address: 0xfee0_0000n, data: 0x23, outcome: 'sent' }, notification.id);
  }

  return {
    /** A device that is plugged in, with a queue and a session. */
    beginning(): TraceEvent[] {
      const areas = { descriptorArea: 0x1000n, driverArea: 0x2000n, deviceArea: 0x3000n };
      const attach = tell('request', {
        name: 'Tattach',
        tag: 0,
        type: 104,
        size: 29,
        fids: [0],
        text: 'Tattach tag 0 fid 0 afid NOFID uname "" aname ""',
        fields: { fid: 0, afid: 0xffff_ffff, aname: '' },
      });
      return [
        tell('plugged', { name: 'virtio-9p-pci', bus: 'pci', address: 3 }),
        tell('queue', { queue: 0, size: SIZE, format: 'split', ...areas }),
        attach,
        tell('reply', {
          name: 'Rattach',
          tag: 0,
          type: 105,
          size: 20,
          text: 'Rattach tag 0 qid (1 0 d)',
          fields: { qid: { type: 128, version: 0, path: '1' } },
          took: 9,
          request: attach.id,
        }),
      ];
    },
    /** The next so many requests. */
    requests(count: number): TraceEvent[] {
      const events: TraceEvent[] = [];
      for (let at = 0; at < count; at += 1) events.push(...one());
      return events;
    },
  };
}

interface Asked {
  readonly message: string;
  readonly fields: unknown;
  readonly answer: unknown;
  readonly error?: string;
}

const fidOf = (number: number) => 5 + (number % 100);

const ASKS: readonly [(name: string, number: number) => Asked, ...((name: string, number: number) => Asked)[]] = [
  (name, number) => ({
    message: 'Twalk',
    fields: { fid: 0, newfid: fidOf(number), wname: [name] },
    answer: { wqid: [{ type: 0, version: 0, path: String(10 + (number % 3000)) }] },
  }),
  (_, number) => ({
    message: 'Tread',
    fields: { fid: fidOf(number - 1), offset: '0', count: 65_536 },
    answer: { data: { length: 13 } },
  }),
  (name, number) => ({
    message: 'Twalk',
    fields: { fid: 0, newfid: fidOf(number), wname: [name] },
    answer: { ecode: 2 },
    error: 'ENOENT',
  }),
  (_, number) => ({ message: 'Tclunk', fields: { fid: fidOf(number - 3) }, answer: {} }),
];
