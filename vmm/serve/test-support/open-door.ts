import { type ClientListener, listenForClients } from '../client-listener.ts';
import type { Clientele } from '../clientele.ts';
import { parseListenAddress } from '../listen-address.ts';

/** Lets clients in to `clients` through a free TCP port of this machine, all of them from `there`. */
export function openDoor(clients: Clientele): Promise<ClientListener> {
  return listenForClients(
    parseListenAddress('tcp:127.0.0.1:0'),
    { allowRemote: false, pollUs: 50 },
    {
      welcome: (client) => clients.welcome(client, 'there'),
      failed: (line) => {
        throw new Error(line);
      },
    },
  );
}
