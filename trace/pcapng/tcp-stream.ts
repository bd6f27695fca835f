/**
 * A TCP connection that never was, in frames as a network would have carried them: Ethernet, IPv4, TCP.
 *
 * @spec RFC 791 §3.1 Internet Header Format
 * @spec RFC 9293 §3.1 Header Format
 */

/** The port whose traffic dissectors take for 9P. */
export const PORT_9P = 564;

/** First of the ports that clients have. */
export const FIRST_CLIENT_PORT = 49_152;
const CLIENT_PORTS = 16_384;

/** Bytes of a message in one packet; an IPv4 packet has 65,535 at most. */
export const MOST_PAYLOAD = 60_000;

const ETHERNET_LENGTH = 14;
const IP_LENGTH = 20;
const TCP_LENGTH = 20;
/** Maximum segment size and window scale, padded. */
const SYN_OPTIONS = Uint8Array.of(2, 4, 0xff, 0xd7, 3, 3, 14, 0);

const FLAG = { syn: 0x02, push: 0x08, ack: 0x10 } as const;
const WINDOW = 0xffff;

/** One frame, in two pieces: all headers, and what is carried. */
export type Frame = readonly [headers: Uint8Array, payload: Uint8Array];

/** Which way a frame goes. */
export type Direction = 'request' | 'reply';

interface End {
  readonly mac: number;
  readonly address: readonly number[];
  readonly port: number;
  /** Sequence number of the next byte. */
  next: number;
}

const NO_PAYLOAD = new Uint8Array(0);

/** One connection: the `index`-th of a file, from 0. */
export class TcpStream {
  readonly #client: End;
  readonly #server: End;
  #identification = 0;

  /** @param first the first sequence number of each end */
  constructor(index: number, first = { client: 0x1000_0000, server: 0x2000_0000 }) {
    const port = FIRST_CLIENT_PORT + (index % CLIENT_PORTS);
    const network = Math.floor(index / CLIENT_PORTS) & 0xff;
    this.#client = { mac: 2, address: [10, 9, network, 2], port, next: first.client };
    this.#server = { mac: 1, address: [10, 9, network, 1], port: PORT_9P, next: first.server };
  }

  /** The three frames that open it, and the way each goes. */
  open(): readonly (readonly [Direction, Frame])[] {
    return [
      ['request', this.#frame('request', FLAG.syn, NO_PAYLOAD, SYN_OPTIONS)],
      ['reply', this.#frame('reply', FLAG.syn | FLAG.ack, NO_PAYLOAD, SYN_OPTIONS)],
      ['request', this.#frame('request', FLAG.ack, NO_PAYLOAD)],
    ];
  }

  /** The frames that carry a message. */
  send(direction: Direction, message: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < message.length; at += MOST_PAYLOAD) {
      const payload = message.subarray(at, at + MOST_PAYLOAD);
      const isLast = at + MOST_PAYLOAD >= message.length;
      frames.push(this.#frame(direction, FLAG.ack | (isLast ? FLAG.push : 0), payload));
    }
    return frames;
  }

  #frame(direction: Direction, flags: number, payload: Uint8Array, options = NO_PAYLOAD): Frame {
    const [from, to] = direction === 'request' ? [this.#client, this.#server] : [this.#server, this.#client];
    const tcpLength = TCP_LENGTH + options.length;
    const headers = new Uint8Array(ETHERNET_LENGTH + IP_LENGTH + tcpLength);
    headers.set([0x02, 0, 0, 0, 0, to.mac, 0x02, 0, 0, 0, 0, from.mac, 0x08, 0x00]);

    const ip = headers.subarray(ETHERNET_LENGTH, ETHERNET_LENGTH + IP_LENGTH);
    const ipView = new DataView(ip.buffer, ip.byteOffset, ip.length);
    ip.set([0x45, 0]);
    ipView.setUint16(2, IP_LENGTH + tcpLength + payload.length);
    ipView.setUint16(4, this.#identification);
    this.#identification = (this.#identification + 1) & 0xffff;
    // Not to be fragmented; 64 hops; TCP.
    ip.set([0x40, 0, 64, 6], 6);
    ip.set(from.address, 12);
    ip.set(to.address, 16);
    ipView.setUint16(10, checksum([ip]));

    const tcp = headers.subarray(ETHERNET_LENGTH + IP_LENGTH);
    const tcpView = new DataView(tcp.buffer, tcp.byteOffset, tcp.length);
    tcpView.setUint16(0, from.port);
    tcpView.setUint16(2, to.port);
    tcpView.setUint32(4, from.next);
    tcpView.setUint32(8, (flags & FLAG.ack) === 0 ? 0 : to.next);
    tcpView.setUint8(12, (tcpLength / 4) << 4);
    tcpView.setUint8(13, flags);
    tcpView.setUint16(14, WINDOW);
    tcp.set(options, TCP_LENGTH);
    const pseudo = new Uint8Array(12);
    pseudo.set([...from.address, ...to.address, 0, 6]);
    new DataView(pseudo.buffer).setUint16(10, tcpLength + payload.length);
    tcpView.setUint16(16, checksum([pseudo, tcp, payload]));
    from.next = (from.next + payload.length + ((flags & FLAG.syn) === 0 ? 0 : 1)) >>> 0;
    return [headers, payload];
  }
}

/** The Internet checksum of parts of which all but the last have an even length. @spec RFC 1071 §1 */
export function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at + 1 < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
    if (part.length % 2 === 1) sum += (part.at(-1) ?? 0) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}
