import { once } from 'node:events';
import type { ListenOptions, Server } from 'node:net';

/** Starts listening and settles when it does; rejects with the error of the failed system call. */
export async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}
