/** A machine that runs in another process, watched over a WebSocket. */
import type { TraceHeader } from '../../trace/event.ts';
import { eventFromJson, headerFromJson } from '../../trace/event-json.ts';
import type { Inspected, InspectedControl, InspectedListener } from '../inspected.ts';
import type { MachineModel } from '../model/machine-model.ts';
import {
  PATHS,
  type PageMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
  SUBPROTOCOL,
  TOKEN_PREFIX,
} from '../protocol.ts';
import type { Place } from './place.ts';
import { ServerError } from './session.ts';

/** What is needed of a WebSocket. */
export interface LiveSocket {
  send(text: string): void;
  close(): void;
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
}

/** Opens a WebSocket, as its constructor does. */
export type OpenSocket = (url: string, protocols: string[]) => LiveSocket;

const browserSocket: OpenSocket = (url, protocols) => new WebSocket(url, protocols) as LiveSocket;

/** Pauses before each attempt to reach a server that was lost, in milliseconds. */
const AGAIN_MS = [200, 500, 1000, 2000] as const;

/** Connects with a machine. @throws ServerError where that cannot be. */
export async function connectMachine(place: Place, open: OpenSocket = browserSocket): Promise<Inspected> {
  const link = await Link.open(place, open);
  return new LiveMachine(link, () => Link.open(place, open));
}

class LiveMachine implements Inspected {
  readonly kind = 'machine';
  readonly header: TraceHeader;
  readonly control?: InspectedControl;
  readonly #open: () => Promise<Link>;
  #link: Link | undefined;
  #stop: (() => void) | undefined;

  constructor(link: Link, open: () => Promise<Link>) {
    this.#link = link;
    this.#open = open;
    this.header = link.header;
    if (link.control) {
      const say = (message: PageMessage) => this.#link?.say(message);
      this.control = {
        pause: () => say({ kind: 'pause' }),
        resume: () => say({ kind: 'resume' }),
        step: (before) => say({ kind: 'step', before }),
      };
    }
  }

  listen(listener: InspectedListener): () => void {
    this.#stop?.();
    let listening = true;
    const stop = () => {
      listening = false;
      this.#link?.close();
      this.#link = undefined;
    };
    this.#stop = stop;
    const follow = async () => {
      let lost = 'The connection with the machine was lost.';
      for (let attempt = 0; listening; ) {
        if (this.#link !== undefined) {
          const outcome = await this.#link.follow(listener);
          this.#link = undefined;
          if (!listening) return;
          if (outcome.ended !== undefined) return listener.ended(outcome.ended);
          if (outcome.reason !== '') lost = `The connection with the machine was lost: ${outcome.reason}.`;
          if (outcome.heard) attempt = 0;
        }
        const pause = AGAIN_MS[attempt++];
        if (pause === undefined) return listener.ended(lost);
        await new Promise((resolve) => setTimeout(resolve, pause));
        const link = listening ? await this.#open().catch(() => undefined) : undefined;
        if (listening) this.#link = link;
        else link?.close();
      }
    };
    void follow();
    return stop;
  }
}

/** How a connection came to its end. */
interface Outcome {
  /** The machine has ended, and why. */
  readonly ended?: string;
  readonly reason: string;
  /** Something was shown before. */
  readonly heard: boolean;
}

/** One connection. */
class Link {
  readonly header: TraceHeader;
  readonly control: boolean;
  readonly #socket: LiveSocket;
  /** What came before anybody listened. */
  readonly #early: ServerMessage[];

  private constructor(socket: LiveSocket, greeting: ServerMessage & { kind: 'greeting' }, early: ServerMessage[]) {
    this.#socket = socket;
    this.header = headerFromJson(greeting.header);
    this.control = greeting.control;
    this.#early = early;
  }

  static open({ origin, token }: Place, open: OpenSocket): Promise<Link> {
    const url = origin.replace(/^http/, 'ws') + PATHS.socket;
    const socket = open(url, [SUBPROTOCOL, TOKEN_PREFIX + token]);
    const early: ServerMessage[] = [];
    return new Promise((resolve, reject) => {
      socket.onclose = ({ reason }) => {
        reject(new ServerError(`The machine cannot be watched${reason === '' ? '' : `: ${reason}`}.`));
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(String(data)) as ServerMessage;
        if (message.kind !== 'greeting') return void early.push(message);
        if (message.protocol === PROTOCOL_VERSION) return resolve(new Link(socket, message, early));
        socket.close();
        reject(new ServerError('The page is of another version than the program that serves it: load it again.'));
      };
    });
  }

  /** Hands over what comes until the end of the connection. */
  follow(listener: InspectedListener): Promise<Outcome> {
    let heard = false;
    let ended: string | undefined;
    const take = (message: ServerMessage) => {
      heard = true;
      if (message.kind === 'ended') ended = message.why;
      else HANDLERS[message.kind]?.(message as never, listener);
      if (message.kind === 'snapshot' || message.kind === 'events') this.say({ kind: 'taken' });
    };
    return new Promise((resolve) => {
      const over = (reason: string) => resolve({ ...(ended !== undefined && { ended }), reason, heard });
      const guarded = (message: ServerMessage) => {
        try {
          take(message);
        } catch (error) {
          this.close();
          over(String(error));
        }
      };
      this.#socket.onmessage = ({ data }) => guarded(JSON.parse(String(data)) as ServerMessage);
      this.#socket.onclose = ({ reason }) => over(reason);
      for (const message of this.#early.splice(0)) guarded(message);
    });
  }

  say(message: PageMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket.close();
  }
}

/** What is done with each thing the server says. */
const HANDLERS: {
  readonly [K in ServerMessage['kind']]?: (
    message: Extract<ServerMessage, { kind: K }>,
    listener: InspectedListener,
  ) => void;
} = {
  snapshot: ({ model }, listener) => listener.restarted(model as MachineModel),
  events: ({ events }, listener) => listener.events(events.map(eventFromJson)),
  'run-state': ({ state }, listener) => listener.runState(state),
};
