import { isIPv6 } from 'node:net';
import type { InspectAddress } from '../inspect/listen.ts';
import { readWithFirstKey } from './first-key.ts';
import { onOff, type ValueType } from './value-type.ts';

/** An inspector that was asked for. */
export interface InspectRequest {
  readonly address: InspectAddress;
  /** The guest does not begin until a page lets it. */
  readonly wait: boolean;
}

/** Where the inspector is served: a port, or a host and a port, an IPv6 host in brackets. */
export const inspectAddress: ValueType<InspectAddress> = {
  notation: '[HOST:]PORT',
  parse(given) {
    const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(given) ?? [];
    const host = bracketed ?? plain;
    if (digits === undefined || host === '') return { wrong: `'${given}' is no address; write PORT or HOST:PORT` };
    if (bracketed !== undefined && !isIPv6(bracketed)) return { wrong: `'${bracketed}' is no IPv6 address` };
    const port = Number(digits);
    if (port > 65_535) return { wrong: `${digits} is no port; it goes from 0, for a free one, to 65535` };
    return { value: { ...(host !== undefined && { host }), port } };
  },
};

/** The keys of `--inspect`; the first may lack its name. */
export const INSPECT_KEYS = {
  at: {
    type: inspectAddress,
    required: true,
    doc: 'where the page is served: 127.0.0.1 unless a host is named, port 0 for a free one',
  },
  wait: { type: onOff, doc: 'the guest does not begin until a page lets it (default off)' },
} as const;

/** Reads the value of `--inspect`. Throws UsageError. */
export function parseInspect(given: string): InspectRequest {
  const { at, wait = false } = readWithFirstKey('--inspect', INSPECT_KEYS, 'at', given);
  return { address: at, wait };
}
