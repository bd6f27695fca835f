/** The kinds of events of 9P sessions and of the host behind them, and of the stream itself. */
import type { HostEvents, SessionEvents, StreamEvents } from '../event.ts';
import type { KindTable } from './kind-row.ts';

const note = true;
const SIZE = { type: 'number', doc: 'bytes of the message', note } as const;
const CHAIN = { type: 'id', doc: 'the `chain` it came in', note } as const;
const TOOK = { type: 'micros', doc: 'microseconds since the request', note } as const;
const MESSAGE = { type: 'bytes', doc: 'the message, from its first byte on; not all of a long one' } as const;
const STRUCTURED = { type: 'json', doc: 'its fields by name; u64 are decimal strings, data is only a length' } as const;
/** Every kind of them. */
export const SESSION_KINDS: KindTable<SessionEvents & HostEvents & StreamEvents> = {
  machine: {
    group: 'machine',
    doc: 'What the machine consists of before the guest runs: functions, BARs, capabilities, tables of registers.',
    fields: { description: { type: 'json', doc: 'see `MachineDescription`' } },
    text: () => 'the machine is put together',
  },
  request: {
    group: '9p',
    doc: 'A 9P request was taken off the transport.',
    spec: 'Plan 9 intro(5), 9P2000.L',
    fields: {
      name: { type: 'text', doc: 'name of the message' },
      tag: { type: 'number', doc: '65535 is NOTAG' },
      type: { type: 'number', doc: 'type byte' },
      size: SIZE,
      fids: { type: 'numbers', doc: 'every fid it names' },
      text: { type: 'text', doc: 'the message in the notation of its table' },
      fields: STRUCTURED,
      chain: CHAIN,
      bytes: MESSAGE,
    },
    text: ({ text }) => text,
  },
  reply: {
    group: '9p',
    doc: 'The reply to a request is written.',
    spec: 'Plan 9 intro(5), 9P2000.L',
    fields: {
      name: { type: 'text', doc: 'name of the message' },
      tag: { type: 'number', doc: 'as in the request' },
      type: { type: 'number', doc: 'type byte' },
      size: SIZE,
      text: { type: 'text', doc: 'the message in the notation of its table' },
      fields: STRUCTURED,
      error: { type: 'text', doc: 'name of the Linux error of a request that failed', note },
      took: TOOK,
      request: { type: 'id', doc: 'the `request`', note },
      chain: CHAIN,
      calls: { type: 'ids', doc: 'the `host-call`s made for it', note },
      bytes: MESSAGE,
    },
    text: ({ text }) => text,
  },
  'taken-back': {
    group: '9p',
    doc: 'A request ended without a reply: a Tflush, a Tversion or a reset took it back.',
    spec: 'Plan 9 flush(5)',
    fields: {
      name: { type: 'text', doc: 'name of the request' },
      tag: { type: 'number', doc: 'of the request' },
      took: TOOK,
      request: { type: 'id', doc: 'the `request`', note },
      chain: CHAIN,
    },
    text: ({ name, tag }) => `${name} tag ${tag}`,
  },
  'host-call': {
    group: 'host',
    doc: 'A system call of the host has ended.',
    spec: 'Linux manual pages, section 2',
    fields: {
      name: { type: 'text', doc: 'name of the call' },
      text: { type: 'text', doc: 'the call with its arguments' },
      result: { type: 'number', doc: 'what it returned: 0 or more, or a negative errno' },
      error: { type: 'text', doc: 'name of the errno', note },
      took: { type: 'micros', doc: 'microseconds from call to return', note },
      where: { type: 'text', doc: '`here`, on the device thread, or `pool`', note },
      request: { type: 'id', doc: 'the `request` it was made for', note },
    },
    text: ({ text, result }) => `${text} = ${result}`,
  },
  dropped: {
    group: 'trace',
    doc: 'Events are missing here, since whoever takes them could not keep up. Its number is that of the last one.',
    fields: {
      count: { type: 'number', doc: 'how many' },
      first: { type: 'id', doc: 'number of the first' },
    },
    text: ({ count, first }) => `${count} events from ${first} on are missing`,
  },
};
