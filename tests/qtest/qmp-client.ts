import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

type Message = Readonly<Record<string, unknown>>;

/** A client of a monitor: a command at a time, and the events there were. */
export class QmpClient {
  /** What the monitor said when it was connected to. */
  readonly greeting: Message;
  readonly events: Message[] = [];
  readonly #socket: Socket;
  readonly #answers: AsyncGenerator<Message>;

  private constructor(socket: Socket, greeting: Message, answers: AsyncGenerator<Message>) {
    this.#socket = socket;
    this.greeting = greeting;
    this.#answers = answers;
  }

  /** Waits for the greeting. */
  static async greeted(socket: Socket): Promise<QmpClient> {
    socket.on('error', () => {});
    const messages = messagesOf(socket);
    const { value } = await messages.next();
    return new QmpClient(socket, value as Message, messages);
  }

  /** Gives a command and its answer, `return` or `error` in it. */
  async command(execute: string, given?: Message): Promise<Message> {
    return this.raw(JSON.stringify(given === undefined ? { execute } : { execute, arguments: given }));
  }

  /** Sends a text and gives the next answer. */
  async raw(text: string): Promise<Message> {
    this.#socket.write(text);
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`the monitor is gone; it was to answer ${text}`);
      if (!('event' in value)) return value;
      this.events.push(value);
    }
  }

  /** Waits for an event. */
  async event(name: string): Promise<Message> {
    for (;;) {
      const seen = this.events.find(({ event }) => event === name);
      if (seen !== undefined) return seen;
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`the monitor is gone; it was to tell of ${name}`);
      this.events.push(value);
    }
  }

  /** Hangs up. */
  close(): void {
    this.#socket.destroy();
  }
}

async function* messagesOf(socket: Socket): AsyncGenerator<Message> {
  for await (const line of createInterface({ input: socket })) yield JSON.parse(line) as Message;
}
