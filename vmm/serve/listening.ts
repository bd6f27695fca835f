import { once } from 'node:events';
import type { ListenOptions, Server } from 'node:net';

/** Makes a socket listen; settles when it does, and rejects with the error, and its code, of the failed system call. */
export type Listen<Where> = (where: Where) => Promise<unknown>;

/** Has a server of Node's listen. */
export function listening(server: Server): Listen<ListenOptions> {
  return async (where) => {
    server.listen(where);
    await once(server, 'listening');
  };
}
