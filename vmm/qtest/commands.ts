/**
 * The commands of the qtest protocol: a row each, from which come parsing, the check of arguments, and the reference in the
 * README.
 *
 * @spec QEMU docs/devel/qtest QTest Protocol
 */
import type { Bus } from '../../devices/bus.ts';
import type { InterruptPins } from '../accelerators/qtest/interrupt-pins.ts';
import type { VirtualClock } from '../accelerators/qtest/virtual-clock.ts';
import type { AddressSpace } from './address-space.ts';
import { parseNumber } from './numbers.ts';

/** What a client drives. */
export interface QtestTarget {
  readonly ports: Bus;
  readonly memory: AddressSpace;
  readonly clock: VirtualClock;
  readonly pins: InterruptPins;
}

/** What commands change of one client's session. */
export interface QtestClient {
  /** From now on the client is told of each change of a pin. Idempotent. */
  interceptPins(): void;
}

/** The client asked for what cannot be done; the message is the rest of its FAIL line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The arguments of one command, checked: numbers in order, and the text of the last word where that is none. */
interface Arguments {
  readonly numbers: readonly bigint[];
  readonly text: string;
}

/** One command. */
interface Command {
  /**
   * What follows the name. A word is a number, in brackets one that may be left out; DATA and NAME are text, and last.
   */
  readonly form: string;
  readonly doc: string;
  /** Does it and returns what follows OK. */
  readonly run: (target: QtestTarget, given: Arguments, client: QtestClient) => string;
}

/** Most bytes that one command moves; a line is as long as that takes. */
export const MOST_BYTES = 2 ** 24;

const PORTS = 0x1_0000n;
const WIDTHS = { b: 1, w: 2, l: 4, q: 8 } as const;
type Letter = keyof typeof WIDTHS;

const span = (width: number): string => (width === 1 ? 'a byte' : `${width} bytes`);
const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

function portCommands(letter: Exclude<Letter, 'q'>): Record<string, Command> {
  const width = WIDTHS[letter];
  return {
    [`in${letter}`]: {
      form: 'PORT',
      doc: `reads ${span(width)} of port space`,
      run: ({ ports }, { numbers: [port = 0n] }) => hex(ports.read(portNumber(port), width), 4),
    },
    [`out${letter}`]: {
      form: 'PORT VALUE',
      doc: `writes ${span(width)} of port space`,
      run({ ports }, { numbers: [port = 0n, value = 0n] }) {
        ports.write(portNumber(port), width, Number(BigInt.asUintN(8 * width, value)));
        return '';
      },
    },
  };
}

function memoryCommands(letter: Letter): Record<string, Command> {
  const width = WIDTHS[letter];
  return {
    [`read${letter}`]: {
      form: 'ADDR',
      doc: `reads ${span(width)} of memory`,
      run({ memory }, { numbers: [address = 0n] }) {
        const bytes = new Uint8Array(8);
        memory.read(address, bytes.subarray(0, width));
        return hex(new DataView(bytes.buffer).getBigUint64(0, true), 16);
      },
    },
    [`write${letter}`]: {
      form: 'ADDR VALUE',
      doc: `writes ${span(width)} of memory`,
      run({ memory }, { numbers: [address = 0n, value = 0n] }) {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value, true);
        memory.write(address, bytes.subarray(0, width));
        return '';
      },
    },
  };
}

/** Every command, by name. */
export const QTEST_COMMANDS: Readonly<Record<string, Command>> = {
  endianness: { form: '', doc: 'byte order of the machine', run: () => 'little' },
  ...portCommands('b'),
  ...portCommands('w'),
  ...portCommands('l'),
  ...memoryCommands('b'),
  ...memoryCommands('w'),
  ...memoryCommands('l'),
  ...memoryCommands('q'),
  read: {
    form: 'ADDR SIZE',
    doc: 'reads memory; the answer is in hexadecimal',
    run: (target, { numbers }) => `0x${Buffer.from(readBytes(target, numbers)).toString('hex')}`,
  },
  write: {
    form: 'ADDR SIZE DATA',
    doc: 'writes memory; DATA is hexadecimal after 0x, and zeros follow where it ends early',
    run({ memory }, { numbers: [address = 0n, size = 0n], text }) {
      memory.write(address, padded(hexBytes(text), sizeOf(size)));
      return '';
    },
  },
  b64read: {
    form: 'ADDR SIZE',
    doc: 'reads memory; the answer is in base64',
    run: (target, { numbers }) => Buffer.from(readBytes(target, numbers)).toString('base64'),
  },
  b64write: {
    form: 'ADDR SIZE DATA',
    doc: 'writes memory; DATA is base64 of just as many bytes',
    run({ memory }, { numbers: [address = 0n, size = 0n], text }) {
      const bytes = base64Bytes(text);
      if (bytes.length !== sizeOf(size)) throw new CommandError(`DATA is ${bytes.length} bytes and not ${size}`);
      memory.write(address, bytes);
      return '';
    },
  },
  memset: {
    form: 'ADDR SIZE VALUE',
    doc: 'fills memory with a byte',
    run({ memory }, { numbers: [address = 0n, size = 0n, value = 0n] }) {
      memory.write(address, new Uint8Array(sizeOf(size)).fill(Number(value & 0xffn)));
      return '';
    },
  },
  clock_step: {
    form: '[NS]',
    doc: 'moves the clock on, without NS to the next time at which a timer is due; answers with its time',
    run({ clock }, { numbers: [step] }) {
      const ns = step ?? clock.untilNext();
      if (ns === undefined) throw new CommandError('there is no timer to wait for');
      return moveClock(clock, clock.nowNs + ns);
    },
  },
  clock_set: {
    form: 'NS',
    doc: 'moves the clock to NS, unless that is past; answers with its time',
    run: ({ clock }, { numbers: [ns = 0n] }) => moveClock(clock, ns),
  },
  irq_intercept_in: {
    form: 'NAME',
    doc: 'from now on each change of an input of ioapic is a line: IRQ raise N, IRQ lower N',
    run: (_target, { text }, client) => intercept(text, client),
  },
  irq_intercept_out: {
    form: 'NAME',
    doc: 'accepted for ioapic, whose outputs lead nowhere',
    run(_target, { text }) {
      requireKnown(text);
      return '';
    },
  },
};

/** The devices whose lines have names: their last part is enough, as in a path of QEMU's. */
const INTERCEPTED = 'ioapic';
const LATEST_NS = (1n << 63n) - 1n;

function moveClock(clock: VirtualClock, ns: bigint): string {
  if (ns > LATEST_NS) throw new CommandError('the clock does not go that far');
  clock.moveTo(ns);
  return String(clock.nowNs);
}

function requireKnown(name: string): void {
  if (name.split('/').at(-1) !== INTERCEPTED)
    throw new CommandError(`unknown device; lines can be watched of ${INTERCEPTED}`);
}

function intercept(name: string, client: QtestClient): string {
  requireKnown(name);
  client.interceptPins();
  return '';
}

function portNumber(port: bigint): number {
  if (port >= PORTS) throw new CommandError('ports go up to 0xffff');
  return Number(port);
}

function sizeOf(size: bigint): number {
  if (size > BigInt(MOST_BYTES)) throw new CommandError(`SIZE is ${MOST_BYTES} at most`);
  return Number(size);
}

function readBytes({ memory }: QtestTarget, [address = 0n, size = 0n]: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(size));
  memory.read(address, bytes);
  return bytes;
}

function hexBytes(text: string): Uint8Array {
  if (!/^0[xX]([0-9a-fA-F]{2})*$/.test(text)) throw new CommandError('DATA is pairs of hexadecimal digits after 0x');
  return Buffer.from(text.slice(2), 'hex');
}

function base64Bytes(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new CommandError('DATA is no base64');
  return Buffer.from(text, 'base64');
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const all = new Uint8Array(length);
  all.set(bytes.subarray(0, length));
  return all;
}

/** Does what one line asks and returns the answer, which begins with OK or FAIL. */
export function performLine(line: string, target: QtestTarget, client: QtestClient): string {
  const [name = '', ...words] = line.split(' ').filter((word) => word !== '');
  const command = Object.hasOwn(QTEST_COMMANDS, name) ? QTEST_COMMANDS[name] : undefined;
  if (command === undefined) return `FAIL Unknown command '${shown(name)}'`;
  try {
    const result = command.run(target, readArguments(command, words), client);
    return result === '' ? 'OK' : `OK ${result}`;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return `FAIL ${name}: ${error.message}`;
  }
}

function readArguments({ form }: Command, words: readonly string[]): Arguments {
  const forms = form.split(' ').filter((word) => word !== '');
  const required = forms.filter((word) => !word.startsWith('['));
  if (words.length < required.length || words.length > forms.length) {
    throw new CommandError(form === '' ? 'takes no arguments' : `takes ${form}`);
  }
  const numbers: bigint[] = [];
  let text = '';
  for (const [index, word] of words.entries()) {
    const what = forms[index] ?? '';
    if (what === 'DATA' || what === 'NAME') {
      text = word;
      continue;
    }
    const number = parseNumber(word);
    if (number === undefined) throw new CommandError(`'${shown(word)}' is no number of 64 bits`);
    numbers.push(number);
  }
  return { numbers, text };
}

/** A word of the client's in an answer: short, and without what could be taken for another line. */
function shown(word: string): string {
  return word.slice(0, 40).replace(/[^\x20-\x7e]/g, '?');
}
