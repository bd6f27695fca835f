import type { AccessWidth } from '../../devices/ports.ts';
import type { AccessPort } from '../../devices/virtio/fake-driver/pci-driver.ts';

/** What answers lines of the qtest protocol at once: a socket, or a session in this process. */
export interface QtestLines {
  ask(line: string): string;
}

/** Bytes that one line carries at most, so that its answer fits. */
const PIECE = 128 * 1024;

const LETTERS = { 1: 'b', 2: 'w', 4: 'l' } as const;
const hex = (value: number): string => `0x${value.toString(16)}`;

/** The machine refused a request. */
export class QtestRefused extends Error {
  override readonly name = 'QtestRefused';
}

/** A machine as its qtest client sees it: port space, memory, clock, in the terms the fake driver takes. */
export class Qtest {
  /** Port space. */
  readonly ports: AccessPort = this.#space('in', 'out');
  /** Physical memory and what answers at its addresses. */
  readonly memory: AccessPort = this.#space('read', 'write');
  readonly #lines: QtestLines;

  constructor(lines: QtestLines) {
    this.#lines = lines;
  }

  /** Sends a line; gives what follows OK. @throws QtestRefused with the line of a FAIL */
  do(line: string): string {
    const answer = this.#lines.ask(line);
    const match = /^OK(?: (.*))?$/.exec(answer);
    if (match === null) throw new QtestRefused(`${line.slice(0, 80)}: ${answer}`);
    return match[1] ?? '';
  }

  /** Reads memory. */
  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; done += PIECE) {
      const piece = Math.min(PIECE, length - done);
      bytes.set(Buffer.from(this.do(`read ${hex(address + done)} ${hex(piece)}`).slice(2), 'hex'), done);
    }
    return bytes;
  }

  /** Writes memory. */
  write(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; done += PIECE) {
      const piece = Buffer.from(bytes.subarray(done, done + PIECE));
      this.do(`write ${hex(address + done)} ${hex(piece.length)} 0x${piece.toString('hex')}`);
    }
  }

  #space(read: string, write: string): AccessPort {
    return {
      read: (address: number, width: AccessWidth) => Number(this.do(`${read}${LETTERS[width]} ${hex(address)}`)),
      write: (address: number, width: AccessWidth, value: number) => {
        this.do(`${write}${LETTERS[width]} ${hex(address)} ${hex(value)}`);
      },
    };
  }
}
