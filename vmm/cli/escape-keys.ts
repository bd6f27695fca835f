const CTRL_A = 0x01;

/** What a stretch of typed bytes comes to. */
export type KeyAction =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'leave' }
  | { readonly kind: 'help' };

/** The key after Ctrl-A, by byte; every other key after it does nothing, as in QEMU. */
const AFTER_CTRL_A: ReadonlyMap<number, KeyAction> = new Map<number, KeyAction>([
  [0x78, { kind: 'leave' }],
  [0x61, { kind: 'send', bytes: Uint8Array.of(CTRL_A) }],
  [CTRL_A, { kind: 'send', bytes: Uint8Array.of(CTRL_A) }],
  [0x68, { kind: 'help' }],
  [0x3f, { kind: 'help' }],
]);

/**
 * Finds tsvmm's own keys among typed bytes. It remembers a Ctrl-A that ends one stretch, so keys may arrive one by one.
 */
export class EscapeKeys {
  #escaped = false;

  /** The actions of these bytes in order. Bytes to send are views of `typed`; what follows `leave` is dropped. */
  feed(typed: Uint8Array): KeyAction[] {
    const actions: KeyAction[] = [];
    let from = 0;
    const flush = (to: number): void => {
      if (to > from) actions.push({ kind: 'send', bytes: typed.subarray(from, to) });
      from = to + 1;
    };
    for (const [at, byte] of typed.entries()) {
      if (this.#escaped) {
        this.#escaped = false;
        from = at + 1;
        const action = AFTER_CTRL_A.get(byte);
        if (action !== undefined) actions.push(action);
        if (action?.kind === 'leave') return actions;
      } else if (byte === CTRL_A) {
        this.#escaped = true;
        flush(at);
      }
    }
    flush(typed.length);
    return actions;
  }
}
