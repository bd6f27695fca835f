import type { Socket } from 'node:net';
import type { Link, LinkListener } from '../../ninep/backends/proxy/link.ts';

/** A link over a connected socket, paused until somebody listens. `end` is told when the link is closed from this side. */
export function socketLink(socket: Socket, end: () => void = () => {}): Link {
  return new SocketLink(socket, end);
}

class SocketLink implements Link {
  private readonly socket: Socket;
  private readonly end: () => void;
  private corked = false;
  private closed = false;

  constructor(socket: Socket, end: () => void) {
    this.socket = socket;
    this.end = end;
    // Only `close` says that it is over; without a listener an error would end the process.
    socket.on('error', () => {});
  }

  get backlog(): number {
    return this.socket.writableLength;
  }

  send(pieces: readonly Uint8Array[]): void {
    const { socket } = this;
    if (this.closed || socket.destroyed) return;
    if (!this.corked) {
      // What one turn sends leaves in one call.
      this.corked = true;
      socket.cork();
      queueMicrotask(() => {
        this.corked = false;
        socket.uncork();
      });
    }
    for (const piece of pieces) if (piece.length > 0) socket.write(piece);
  }

  drained(callback: () => void): void {
    this.socket.once('drain', callback);
  }

  listen(listener: LinkListener): void {
    const { socket } = this;
    let reason = 'its connection was closed';
    socket.on('data', (chunk: Uint8Array) => listener.data(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = `its connection failed with ${error.code ?? error.message}`;
    });
    // The other side sends no more, so nothing will be answered any more.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.closed) return;
      this.closed = true;
      listener.closed(reason);
      this.end();
    });
    socket.resume();
  }

  hold(held: boolean): void {
    if (held) this.socket.pause();
    else this.socket.resume();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    this.end();
  }
}
