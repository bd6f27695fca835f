/** Shows a machine of another thread to pages: takes its events from shared memory, keeps them for a while, and hands on orders. */
import type { MessagePort } from 'node:worker_threads';
import { EventCursor } from './event-cursor.ts';
import { EventHistory } from './event-history.ts';
import { RingReader, wordsOf } from './event-ring.ts';
import type { InspectAddress } from './listen.ts';
import { MachineControl } from './machine-control.ts';
import { pageFiles } from './page-files.ts';
import { PageLink } from './page-link.ts';
import { servePage } from './page-server.ts';
import { BEAT_MS, type MachineNews, type Order, WORDS } from './shared-words.ts';

/** How long events are gathered before they are sent, in milliseconds. */
const GATHER_MS = 30;
/** Length of the text that makes one message, about. */
const MESSAGE_LENGTH = 128 * 1024;
/** Longest that pages may take over what they have not been shown when the machine ends, in milliseconds. */
const FAREWELL_MS = 1000;

/** What the server is made from; it crosses from one thread to another. */
export interface MachineServerOptions {
  readonly address: InspectAddress;
  readonly token: string;
  /** First line of a file of JSON Lines. */
  readonly header: Readonly<Record<string, unknown>>;
  /** The machine waits for a page before the guest begins. */
  readonly wait: boolean;
  readonly memory: SharedArrayBuffer;
  /** Orders go out by it, news come in. */
  readonly port: MessagePort;
}

/** Serves until the machine has ended; resolves with the address to open once it does. */
export async function serveMachine(
  options: MachineServerOptions,
  notice: (line: string) => void,
): Promise<{ readonly url: string; readonly remote: boolean; readonly ended: Promise<void> }> {
  const { port, memory } = options;
  const words = wordsOf(memory);
  const ring = new RingReader(memory);
  const history = new EventHistory(once((error) => notice(`inspect: the page may show wrong things: ${error}`)));
  const pages = new Set<PageLink>();
  const pump = () => {
    for (const page of pages) page.pump();
  };
  const order = (it: Order) => {
    port.postMessage(it);
    Atomics.add(words, WORDS.orders, 1);
    Atomics.notify(words, WORDS.orders);
  };
  const control = new MachineControl({ order, changed: pump, notice }, options.wait);
  const served = await servePage(options.address, options.token, pageFiles(), {
    kind: 'machine',
    welcome: (socket) => {
      const page = new PageLink(socket, {
        header: options.header,
        cursor: new EventCursor(history),
        state: () => control.state,
        order: (message) => control.obey(message),
        gone: () => {
          pages.delete(page);
          control.left();
        },
      });
      pages.add(page);
      control.entered();
    },
  });

  const beat = setInterval(() => Atomics.add(words, WORDS.beat, 1), BEAT_MS);
  const drain = () => {
    let text = '';
    for (let piece = ring.read(); piece !== undefined; piece = ring.read()) {
      text += text === '' ? piece : `,${piece}`;
      if (text.length < MESSAGE_LENGTH) continue;
      history.append(text);
      text = '';
    }
    if (text !== '') history.append(text);
    pump();
  };
  let gathering: NodeJS.Timeout | undefined;
  const gather = () => {
    drain();
    gathering = undefined;
    Atomics.store(words, WORDS.asleep, 1);
    if (ring.empty) return;
    // It came before the word said so, and wakes nobody.
    Atomics.store(words, WORDS.asleep, 0);
    gathering = setTimeout(gather, GATHER_MS);
  };
  Atomics.store(words, WORDS.asleep, 1);

  const ended = new Promise<void>((resolve) => {
    port.on('message', async (news: MachineNews) => {
      if (news.kind === 'wake') {
        gathering ??= setTimeout(gather, GATHER_MS);
        return;
      }
      drain();
      if (news.kind !== 'ended') return control.hear(news);
      clearInterval(beat);
      clearTimeout(gathering);
      for (const page of pages) page.end(news.why);
      const limit = Date.now() + FAREWELL_MS;
      while (pages.size > 0 && Date.now() < limit) await new Promise((again) => setTimeout(again, 20));
      await served.close();
      resolve();
    });
  });
  return { url: served.url, remote: served.remote, ended };
}

function once<T>(act: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (!done) act(value);
    done = true;
  };
}
