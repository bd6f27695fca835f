/** A qtest client that asks line by line and waits in its event loop, for machines that listen. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Connects, once there is somebody to connect with. */
export async function connect(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket.resume();
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Connects again until the server has noticed that the client before is gone. */
export async function connectWhenFree(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = await connect(path);
    if ((await ask(socket, 'endianness')) === 'OK little') return socket;
    if (tries === 100) throw new Error('the place is never free');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The answer to a line; undefined where the connection is closed instead. */
export function ask(socket: Socket, line: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const done = (answer: string | undefined): void => {
      socket.off('data', take);
      resolve(answer);
    };
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (text.endsWith('\n')) done(text.trimEnd());
    };
    socket.on('data', take);
    socket.once('close', () => done(undefined));
    socket.write(`${line}\n`);
  });
}
