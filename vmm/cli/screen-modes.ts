const ESC = '\u001b';

/** A private mode of terminals that a program switches on or off for its own time. @spec ECMA-48 §7.1, DEC private modes */
interface PrivateMode {
  readonly number: number;
  /** As a terminal is when nobody has touched it. */
  readonly usual: 'h' | 'l';
}

/** What editors, pagers and shells switch and, stopped in the middle, leave behind. */
const MODES: readonly PrivateMode[] = [
  { number: 1, usual: 'l' }, // cursor keys send application sequences
  { number: 7, usual: 'h' }, // long lines wrap
  { number: 25, usual: 'h' }, // the cursor shows
  { number: 47, usual: 'l' }, // alternate screen, three generations of it
  { number: 1047, usual: 'l' },
  { number: 1049, usual: 'l' },
  { number: 1000, usual: 'l' }, // reports of the mouse, in several ways
  { number: 1002, usual: 'l' },
  { number: 1003, usual: 'l' },
  { number: 1006, usual: 'l' },
  { number: 1004, usual: 'l' }, // reports of focus
  { number: 2004, usual: 'l' }, // pasted text is bracketed
];

const SWITCH = new RegExp(`${ESC}\\[\\?([\\d;]{1,64})([hl])`, 'g');
const UNFINISHED = new RegExp(`${ESC}(\\[(\\?[\\d;]{0,64})?)?$`);

/** Follows which modes a guest has switched on the terminal it is shown on. */
export class ScreenModes {
  readonly #switched = new Map<number, string>();
  #unfinished = '';
  #hasDrawn = false;

  /** Takes what is written to the terminal, in pieces of any size. */
  see(bytes: Uint8Array): void {
    const text = this.#unfinished + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    this.#hasDrawn ||= text.includes(`${ESC}[`);
    for (const [, numbers = '', state = ''] of text.matchAll(SWITCH)) {
      for (const number of numbers.split(';')) this.#switched.set(Number(number), state);
    }
    this.#unfinished = UNFINISHED.exec(text)?.[0] ?? '';
  }

  /** What to write so that the terminal is as people expect it; empty where the guest has left it so. */
  undo(): string {
    const modes = MODES.filter(({ number, usual }) => (this.#switched.get(number) ?? usual) !== usual);
    const plain = this.#hasDrawn ? `${ESC}[m` : '';
    return modes.map(({ number, usual }) => `${ESC}[?${number}${usual}`).join('') + plain;
  }
}
