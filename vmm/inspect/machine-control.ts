import type { PageMessage, RunState } from '../../inspector/protocol.ts';
import { kindsNamed } from '../../trace/filter.ts';
import type { MachineNews, Order } from './shared-words.ts';

/** Longest that a machine stands, or is about to, when no page is there to let it go on, in milliseconds. */
const ABANDONED_MS = 3000;

/** Where orders and news of the control go. */
export interface ControlPorts {
  /** Gives the machine an order. */
  readonly order: (order: Order) => void;
  /** The state is another one. */
  readonly changed: () => void;
  readonly notice: (line: string) => void;
  readonly abandonedMs?: number;
}

/** Holds the machine as pages wish, and lets it go when they have all gone. */
export class MachineControl {
  readonly #ports: ControlPorts;
  #state: RunState;
  #pages = 0;
  #abandoned: NodeJS.Timeout | undefined;
  /** A machine that was started to wait for its first page waits for ever. */
  #awaitsFirst: boolean;

  constructor(ports: ControlPorts, waits: boolean) {
    this.#ports = ports;
    this.#awaitsFirst = waits;
    this.#state = { running: true, ...(waits && { awaiting: { kinds: [] } }) };
  }

  /** Whether the machine runs. */
  get state(): RunState {
    return this.#state;
  }

  /** A page came. */
  entered(): void {
    this.#pages += 1;
    this.#awaitsFirst = false;
    clearTimeout(this.#abandoned);
    this.#abandoned = undefined;
  }

  /** A page went. */
  left(): void {
    this.#pages -= 1;
    this.#watch();
  }

  /** What a page wants. */
  obey(message: Exclude<PageMessage, { kind: 'taken' }>): void {
    if (message.kind === 'pause') {
      if (!this.#state.running) return;
      this.#set({ running: true, awaiting: { kinds: [] } });
      this.#ports.order({ kind: 'pause' });
    } else if (message.kind === 'resume') {
      this.#set({ running: true });
      this.#ports.order({ kind: 'go' });
    } else {
      const { kinds, device } = message.before;
      this.#set({ running: true, awaiting: message.before });
      const named = kinds.length === 0 ? kindsNamed(['all']) : kindsNamed(kinds);
      if (typeof named === 'string') throw new Error(`there is no kind ${named}`);
      this.#ports.order({ kind: 'go', kinds: named, ...(device !== undefined && { device }) });
    }
  }

  /** What the machine tells. */
  hear(news: Extract<MachineNews, { kind: 'standing' | 'running' }>): void {
    if (news.kind === 'standing') {
      this.#set({ running: false, ...(news.before !== undefined && { before: news.before }) });
      this.#watch();
    } else if (!this.#state.running) this.#set({ running: true });
  }

  #set(state: RunState): void {
    this.#state = state;
    this.#ports.changed();
  }

  /** Nobody is there: after a moment, in which a page may be loaded again, the machine goes on. */
  #watch(): void {
    const held = !this.#state.running || this.#state.awaiting !== undefined;
    if (this.#pages > 0 || !held || this.#awaitsFirst || this.#abandoned !== undefined) return;
    this.#abandoned = setTimeout(() => {
      this.#abandoned = undefined;
      if (!this.#state.running) this.#ports.notice('inspect: the page that held the machine has gone; it goes on');
      this.obey({ kind: 'resume' });
    }, this.#ports.abandonedMs ?? ABANDONED_MS);
  }
}
