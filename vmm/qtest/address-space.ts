import type { Bus } from '../../devices/bus.ts';
import { asGpa, type GuestMemory } from '../../devices/ports.ts';

/** RAM is made of these; what is not RAM is accessed no longer than to the end of one. */
const PAGE = 4096;

/** Guest physical addresses as a CPU reaches them: RAM, and where there is none the bus of devices. */
export class AddressSpace {
  readonly #memory: GuestMemory;
  readonly #bus: Bus;

  constructor(memory: GuestMemory, bus: Bus) {
    this.#memory = memory;
    this.#bus = bus;
  }

  /** Fills `into` from `address` on; addresses that nothing answers read all ones. */
  read(address: bigint, into: Uint8Array): void {
    this.#inPieces(
      address,
      into,
      (at, piece) => {
        const ram = this.#memory.view(at, piece.length);
        if (ram === undefined) this.#bus.readBytes(at, piece);
        else piece.set(ram);
      },
      (piece) => piece.fill(0xff),
    );
  }

  /** Writes `from` from `address` on; what nothing takes is dropped. */
  write(address: bigint, from: Uint8Array): void {
    this.#inPieces(
      address,
      from,
      (at, piece) => {
        const ram = this.#memory.view(at, piece.length);
        if (ram === undefined) this.#bus.writeBytes(at, piece);
        else ram.set(piece);
      },
      () => {},
    );
  }

  /** Passes the bytes on page by page; `beyond` gets those that lie where no bus reaches. */
  #inPieces(
    address: bigint,
    bytes: Uint8Array,
    within: (at: Exclude<ReturnType<typeof asGpa>, undefined>, piece: Uint8Array) => void,
    beyond: (piece: Uint8Array) => void,
  ): void {
    for (let done = 0; done < bytes.length; ) {
      const from = address + BigInt(done);
      const length = Math.min(bytes.length - done, PAGE - Number(from % BigInt(PAGE)));
      const piece = bytes.subarray(done, done + length);
      const at = asGpa(from);
      if (at === undefined || at >= this.#bus.size) beyond(piece);
      else within(at, piece);
      done += length;
    }
  }
}
