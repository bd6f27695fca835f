import { connect, Socket } from 'node:net';
import type { Connector, Link, LinkListener } from '../../ninep/backends/proxy/link.ts';
import { type HelperConfig, type HelperProcess, nearEnd, startHelper } from './helper-process.ts';
import { socketLink } from './socket-link.ts';

/** How often in a row a helper of our own is started again. */
const MOST_STARTS = 8;

/** How long to wait for a helper to say how it ended, once its connection is gone, in milliseconds. */
const LAST_WORDS_MS = 500;

/** Helpers of our own: started, watched, and ended with their connection. */
export function ownHelper(config: HelperConfig, say: (line: string) => void): Connector {
  const living = new Set<HelperProcess>();
  return {
    tries: MOST_STARTS,
    async connect() {
      const helper = startHelper(config, 'pipe', say);
      living.add(helper);
      void helper.ended.then(() => living.delete(helper));
      const link = socketLink(nearEnd(helper.child), () => helper.child.kill('SIGKILL'));
      return withLastWords(link, helper.ended);
    },
    async close() {
      for (const { child } of living) child.kill('SIGKILL');
      await Promise.all([...living].map(({ ended }) => ended));
    },
  };
}

/** A helper somebody else has started, at a socket in the file system. */
export function helperAt(path: string): Connector {
  const waiting = new Set<Socket>();
  return {
    tries: Number.POSITIVE_INFINITY,
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connect({ path });
        waiting.add(socket);
        socket.once('close', () => reject(new Error(`the connection to ${path} was closed`)));
        socket.once('connect', () => {
          waiting.delete(socket);
          socket.pause();
          resolve(socketLink(socket));
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          waiting.delete(socket);
          reject(new Error(`${path}: ${error.code ?? error.message}`));
        });
      }),
    close() {
      for (const socket of waiting) socket.destroy();
    },
  };
}

/** A helper at the other end of a descriptor this process was given. There is no second one. */
export function helperOn(fd: number): Connector {
  let used = false;
  return {
    tries: 0,
    async connect() {
      if (used) throw new Error(`descriptor ${fd} is used up`);
      used = true;
      return socketLink(new Socket({ fd, readable: true, writable: true }));
    },
    close() {},
  };
}

/** The same link, whose end is reported once it is known how the helper ended, or after a while. */
function withLastWords(link: Link, ended: Promise<string>): Link {
  const told = (listener: LinkListener): LinkListener => ({
    data: (chunk) => listener.data(chunk),
    closed(reason) {
      const late = new Promise<string>((resolve) => setTimeout(resolve, LAST_WORDS_MS, reason).unref());
      void Promise.race([ended, late]).then((words) => listener.closed(words));
    },
  });
  return {
    send: (pieces) => link.send(pieces),
    get backlog() {
      return link.backlog;
    },
    drained: (callback) => link.drained(callback),
    listen: (listener) => link.listen(told(listener)),
    hold: (held) => link.hold(held),
    close: () => link.close(),
  };
}
