import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { copyIn, copyOut, totalLength } from '../../../bytes/segments.ts';
import { Client, type ClientOptions, gather } from '../../../ninep/client/client.ts';
import { Tree } from '../../../ninep/client/tree.ts';
import type { FrameHandler, Segments } from '../../../ninep/frame-handler.ts';
import { FrameReader } from '../../../ninep/stream/frame-reader.ts';
import { parseListenAddress } from '../listen-address.ts';

/** Connects to an address as a server shows it. */
export async function connectTo(address: string): Promise<Socket> {
  const target = parseListenAddress(address);
  const socket = target.kind === 'unix' ? connect(target.path) : connect(target.port, target.host);
  await once(socket, 'connect');
  return socket;
}

/** The far end of a socket as a frame handler: requests are sent, replies found by their tags. */
export class SocketHandler implements FrameHandler {
  readonly socket: Socket;
  /** Replies to requests that nobody made. */
  readonly stray: number[] = [];
  private readonly reader = new FrameReader();
  private readonly waiting = new Map<
    number,
    { reply: Segments; resolve(length: number): void; reject(why: Error): void }
  >();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.reader.feed(chunk);
      for (let frame = this.reader.next(2 ** 32); frame !== undefined; frame = this.reader.next(2 ** 32))
        this.take(frame);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the connection is closed'));
      this.waiting.clear();
    });
  }

  handle(request: Segments, reply: Segments): Promise<number> {
    const message = gather(request, totalLength(request));
    return new Promise((resolve, reject) => {
      this.waiting.set(tagOf([message]), { reply, resolve, reject });
      this.socket.write(message);
    });
  }

  async reset(): Promise<void> {
    this.socket.destroy();
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  private take(frame: Segments): void {
    const tag = tagOf(frame);
    const request = this.waiting.get(tag);
    if (request === undefined) {
      this.stray.push(tag);
      return;
    }
    this.waiting.delete(tag);
    const message = gather(frame, totalLength(frame));
    request.resolve(copyIn(request.reply, 0, message, message.length));
  }
}

function tagOf(frame: Segments): number {
  const tag = new Uint8Array(2);
  copyOut(frame, 5, tag, 2);
  return new DataView(tag.buffer).getUint16(0, true);
}

/** A client that has connected and agreed on a version. */
export async function clientOf(
  address: string,
  options?: ClientOptions,
): Promise<{ client: Client; handler: SocketHandler }> {
  const handler = new SocketHandler(await connectTo(address));
  const client = new Client(handler, options);
  await client.version();
  return { client, handler };
}

/** A client that has attached, as a user's view of the tree. */
export async function treeOf(
  address: string,
  aname = '',
  options?: ClientOptions,
): Promise<{ tree: Tree; handler: SocketHandler }> {
  const { client, handler } = await clientOf(address, options);
  return { tree: await Tree.attach(client, { aname }), handler };
}
