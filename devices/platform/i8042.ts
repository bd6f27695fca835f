/**
 * The keyboard controller of a PC, with neither keyboard nor mouse. It answers every command at once and says of both
 * devices that they are not there, so that no kernel waits for them; and it resets the machine when told to.
 *
 * @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller
 */
import { registerBlock } from '../../bytes/registers.ts';
import type { BusTarget, InterruptLine, MachineControl, Resettable } from '../ports.ts';
import { registerTarget } from '../register-target.ts';

const SPEC = 'IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller';

/** Bits of the status register. @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller */
export const I8042_STATUS = { outputFull: 0x01, system: 0x04, command: 0x08, unlocked: 0x10, timeout: 0x40 } as const;

/** Bits of the command byte, which commands 0x20 and 0x60 read and write. @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller */
export const I8042_COMMAND_BYTE = {
  keyboardInterrupt: 0x01,
  auxInterrupt: 0x02,
  system: 0x04,
  keyboardDisabled: 0x10,
  auxDisabled: 0x20,
} as const;

/** Output port: reset not asserted, address line 20 on. */
const OUTPUT_PORT = 0x03;
/** What the keyboard interface tells for a device that does not answer. */
const RESEND = 0xfe;

interface I8042Owner {
  takeData(): number;
  writeData(value: number): void;
  readonly status: number;
  command(value: number): void;
}

/** The data port, 0x60. @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller */
export const i8042DataRegisters = registerBlock<I8042Owner>('i8042-data', [
  {
    name: 'data',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: SPEC,
    doc: 'Answer of the controller when read; parameter of a command, or a byte for the keyboard, when written.',
    read: (owner) => owner.takeData(),
    write: (owner, value) => owner.writeData(value),
  },
]);

/** The command port, 0x64. @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller */
export const i8042CommandRegisters = registerBlock<I8042Owner>('i8042-command', [
  {
    name: 'status_command',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: SPEC,
    doc: 'Status when read, command when written.',
    bits: { OBF: 0, IBF: 1, SYS: 2, CMD: 3, UNLOCKED: 4, AUX: 5, TIMEOUT: 6, PARITY: 7 },
    read: (owner) => owner.status,
    write: (owner, value) => owner.command(value),
  },
]);

/** What commands do with the controller. */
interface CommandPort {
  answer(value: number): void;
  /** The next byte written to the data port is the command's parameter. */
  expect(take: (value: number) => void): void;
  commandByte: number;
  reset(): void;
}

/** The commands that do something here; others are accepted and ignored. @spec IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller */
const COMMANDS: ReadonlyMap<number, (controller: CommandPort) => void> = new Map([
  [0x20, (c) => c.answer(c.commandByte)],
  [
    0x60,
    (c) =>
      c.expect((value) => {
        c.commandByte = value;
      }),
  ],
  [
    0xa7,
    (c) => {
      c.commandByte |= I8042_COMMAND_BYTE.auxDisabled;
    },
  ],
  [
    0xa8,
    (c) => {
      c.commandByte &= ~I8042_COMMAND_BYTE.auxDisabled;
    },
  ],
  // The auxiliary interface finds its clock line stuck low: nobody looks for a mouse then.
  [0xa9, (c) => c.answer(0x01)],
  [0xaa, (c) => c.answer(0x55)],
  [0xab, (c) => c.answer(0x00)],
  [
    0xad,
    (c) => {
      c.commandByte |= I8042_COMMAND_BYTE.keyboardDisabled;
    },
  ],
  [
    0xae,
    (c) => {
      c.commandByte &= ~I8042_COMMAND_BYTE.keyboardDisabled;
    },
  ],
  [0xd0, (c) => c.answer(OUTPUT_PORT)],
  // Bit 0 of the output port is the reset line, active low.
  [
    0xd1,
    (c) =>
      c.expect((value) => {
        if ((value & 0x01) === 0) c.reset();
      }),
  ],
  [0xd2, (c) => c.expect((value) => c.answer(value))],
  // A byte as if from the mouse: it comes back without the mark of the auxiliary port, which says there is none.
  [0xd3, (c) => c.expect((value) => c.answer(value))],
  [0xd4, (c) => c.expect(() => c.answer(RESEND))],
  // Pulses of the output port: bit 0 clear pulses the reset line.
  ...[0xf0, 0xf2, 0xf4, 0xf6, 0xf8, 0xfa, 0xfc, 0xfe].map((pulse): [number, (c: CommandPort) => void] => [
    pulse,
    (c) => c.reset(),
  ]),
]);

/** What a keyboard controller is connected to. */
export interface I8042Options {
  readonly control: MachineControl;
  /** ISA interrupt 1. */
  readonly line: InterruptLine;
}

/** A keyboard controller at two ports that are not next to each other. */
export class I8042 implements Resettable {
  /** The data port: one port. */
  readonly dataPort: BusTarget;
  /** The status and command port: one port. */
  readonly commandPort: BusTarget;
  readonly #line: InterruptLine;
  readonly #controller: CommandPort;
  /** Byte that waits to be read; the one before it is lost when another comes. */
  #data = 0;
  #dataFull = false;
  /** The byte came in place of a device's answer. */
  #timeout = false;
  #parameter: ((value: number) => void) | undefined;
  #lastWasCommand = false;

  constructor({ control, line }: I8042Options) {
    this.#line = line;
    this.#controller = {
      answer: (value) => this.#answer(value, false),
      expect: (take) => {
        this.#parameter = take;
      },
      commandByte: I8042_COMMAND_BYTE.system,
      reset: () => control.request('reset', 'i8042'),
    };
    const owner = this.#owner();
    this.dataPort = registerTarget('i8042-data', i8042DataRegisters.instance(owner));
    this.commandPort = registerTarget('i8042-command', i8042CommandRegisters.instance(owner));
  }

  reset(): void {
    this.#data = 0;
    this.#dataFull = false;
    this.#timeout = false;
    this.#parameter = undefined;
    this.#lastWasCommand = false;
    this.#controller.commandByte = I8042_COMMAND_BYTE.system;
    this.#updateLine();
  }

  #owner(): I8042Owner {
    const port = this;
    return {
      takeData: () => this.#takeData(),
      writeData: (value) => this.#writeData(value),
      get status() {
        return port.#status();
      },
      command: (value) => this.#command(value),
    };
  }

  /** Input is taken at once, so the input buffer is never full. */
  #status(): number {
    return (
      I8042_STATUS.unlocked |
      (this.#dataFull ? I8042_STATUS.outputFull : 0) |
      (this.#controller.commandByte & I8042_STATUS.system) |
      (this.#lastWasCommand ? I8042_STATUS.command : 0) |
      (this.#timeout ? I8042_STATUS.timeout : 0)
    );
  }

  #command(value: number): void {
    this.#lastWasCommand = true;
    this.#parameter = undefined;
    COMMANDS.get(value)?.(this.#controller);
  }

  #writeData(value: number): void {
    this.#lastWasCommand = false;
    const take = this.#parameter;
    this.#parameter = undefined;
    // Without a command waiting for it the byte is for the keyboard, which is not there.
    if (take === undefined) this.#answer(RESEND, true);
    else take(value);
  }

  #answer(value: number, timeout: boolean): void {
    this.#data = value;
    this.#dataFull = true;
    this.#timeout = timeout;
    this.#updateLine();
  }

  #takeData(): number {
    this.#dataFull = false;
    this.#timeout = false;
    this.#updateLine();
    return this.#data;
  }

  #updateLine(): void {
    const enabled = (this.#controller.commandByte & I8042_COMMAND_BYTE.keyboardInterrupt) !== 0;
    this.#line.set(this.#dataFull && enabled);
  }
}
