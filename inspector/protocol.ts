/**
 * What the page and the program that serves it say to each other, as JSON over one WebSocket: a greeting, then events in the
 * order they happened in. The page can hold the machine and let it go on, and nothing else.
 */

/** Version of what follows; a page and a server of different versions do not talk. */
export const PROTOCOL_VERSION = 1;

/** Name of the WebSocket subprotocol. The page offers a second one, which the server checks and never answers: `token.` and the token. */
export const SUBPROTOCOL = `tsvmm-inspect-${PROTOCOL_VERSION}`;
export const TOKEN_PREFIX = 'token.';

/** Paths of the server beside those of the page's own files. The token comes as `Authorization: Bearer`, to the socket as above. */
export const PATHS = { session: '/session', socket: '/socket', recording: '/recording' } as const;

/** Longest message of a page in bytes; a server hangs up on a longer one. */
export const MOST_PAGE_MESSAGE = 4096;

/** What the server is for: the first thing the page asks. */
export interface SessionDescription {
  readonly kind: 'machine' | 'recording';
  readonly protocol: number;
}

/** An event as one flat object, as in JSON Lines, with the bytes of messages and buffers (`trace/event-json.ts`). */
export type EventObject = Readonly<Record<string, unknown>>;

/** Which event the machine stops before. */
export interface StepChoice {
  /** Kinds of events, as in the table of kinds; empty for any. */
  readonly kinds: readonly string[];
  /** Mount tag or id of the device; absent for any. */
  readonly device?: string;
}

/** Whether the machine runs, and what it stands before. */
export interface RunState {
  readonly running: boolean;
  /**
   * Number of the event it stands before, the last one of the stream so far; its effect has not happened yet. Absent where
   * it runs, or was held between two events.
   */
  readonly before?: number;
  /** What it will stop before, while it runs. */
  readonly awaiting?: StepChoice;
}

/** What the server says. */
export type ServerMessage =
  | {
      readonly kind: 'greeting';
      readonly protocol: number;
      /** First line of a file of JSON Lines: program, version, start. */
      readonly header: EventObject;
      /** Whether this page may hold the machine. */
      readonly control: boolean;
    }
  /**
   * The state of the model before event `next`: everything before it is in here. Comes first, and again where a page was too
   * slow for what is kept: a `dropped` event follows then, which says how many it has not been shown.
   */
  | { readonly kind: 'snapshot'; readonly model: unknown; readonly next: number }
  | { readonly kind: 'events'; readonly events: readonly EventObject[] }
  | { readonly kind: 'run-state'; readonly state: RunState }
  /** The machine has ended; nothing follows. */
  | { readonly kind: 'ended'; readonly why: string }
  /** What the page said is not done. */
  | { readonly kind: 'refused'; readonly why: string };

/** What the page says. */
export type PageMessage =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Go on, and stop before the next event of the choice. */
  | { readonly kind: 'step'; readonly before: StepChoice }
  /** One more `snapshot` or `events` was shown; the server sends only so many ahead. */
  | { readonly kind: 'taken' };
