/** Message-signalled interrupts with a table: masking, pending bits, delivery. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import { Bus } from '../bus.ts';
import type { EventPort } from '../events.ts';
import type { MessageSink } from '../ports.ts';
import { type Registers, registerTarget } from '../register-target.ts';
import { type BarRegion, layOutBar } from './bar-regions.ts';
import type { Bar } from './bars.ts';
import type { PciCapability } from './capabilities.ts';
import {
  MESSAGE_CONTROL,
  type MsixCapabilityOwner,
  type MsixEntryOwner,
  msixCapability,
  msixEntry,
  msixPending,
} from './msix-registers.ts';

/** The pending bits begin here, or behind a longer table: where other machines of this kind have them. */
const HALF_PAGE = 0x800;
/** @spec PCI Local Bus 3.0 §6.8.2.6 PBA Offset/PBA BIR for MSI-X: both structures are aligned so */
const QWORD = 8;
const PAGE = 0x1000;

/** What MSI-X of one function needs. */
export interface MsixParts {
  /** Number of vectors, 1 to 2048. */
  readonly vectors: number;
  /** BAR that holds table and pending bits, nothing else: 0 to 5. */
  readonly barIndex: number;
  readonly messages: MessageSink;
  /** Whether the function may send now: its bus master bit. Messages are held back as pending until then. */
  readonly maySend: () => boolean;
  readonly events?: EventPort | undefined;
  /** Told when software has written the enable or function mask bit. */
  readonly controlChanged?: () => void;
}

/** A region made of equal register banks, one after the other, of at least so many bytes. */
function arrayRegion(
  name: string,
  banks: readonly (Registers & { readonly length: number })[],
  events: EventPort | undefined,
  least = 0,
): BarRegion {
  const stride = banks[0]?.length ?? 0;
  const bus = new Bus(name, Math.max(least, stride * banks.length));
  banks.forEach((bank, index) => {
    bus.map(index * stride, stride, registerTarget(name, bank, events));
  });
  return { length: bus.size, target: bus };
}

/**
 * MSI-X of one function: its capability, and the BAR with table and pending bits. A message that may not go out now is
 * pending; it goes out, with the address and data then in the table, as soon as it may.
 *
 * @spec PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures
 */
export class Msix {
  readonly vectors: number;
  readonly bar: Bar;
  readonly capability: PciCapability;
  readonly #parts: MsixParts;
  readonly #entries: readonly RegisterBank<MsixEntryOwner>[];
  readonly #pending = new Set<number>();
  #control: RegisterBank<MsixCapabilityOwner> | undefined;

  constructor(parts: MsixParts) {
    const { vectors, barIndex, events } = parts;
    if (!(Number.isInteger(vectors) && vectors >= 1 && vectors <= 2048)) {
      throw new Error(`MSI-X has 1 to 2048 vectors, not ${vectors}`);
    }
    this.vectors = vectors;
    this.#parts = parts;
    this.#entries = Array.from({ length: vectors }, () =>
      msixEntry.instance({ vectorControlWritten: () => this.deliverPending() }),
    );
    const pendingWords = Array.from({ length: Math.ceil(vectors / 64) }, (_, word) =>
      msixPending.instance(() => this.#pendingWord(word)),
    );
    const { offsets, length, target } = layOutBar(
      'msix',
      [arrayRegion('msix_table', this.#entries, events, HALF_PAGE), arrayRegion('msix_pba', pendingWords, events)],
      { alignment: QWORD, minimum: PAGE },
    );
    this.bar = { index: barIndex, kind: 'memory-32', length, target };
    this.capability = {
      name: 'MSI-X',
      bank: (next) => {
        this.#control = msixCapability.instance(
          { controlWritten: () => this.#controlWritten() },
          {
            next_pointer: next,
            message_control: vectors - 1,
            table: (offsets[0] ?? 0) + barIndex,
            pba: (offsets[1] ?? 0) + barIndex,
          },
        );
        return this.#control;
      },
    };
  }

  /** Whether software turned MSI-X on; the function then uses no interrupt pin. */
  get enabled(): boolean {
    return (this.#messageControl() & MESSAGE_CONTROL.enable) !== 0;
  }

  /**
   * Sends the message of `vector`, now or when it may go out. Without effect while MSI-X is off.
   *
   * @throws RangeError when there is no such vector: our bug.
   */
  trigger(vector: number): void {
    if (!(vector >= 0 && vector < this.vectors)) throw new RangeError(`no MSI-X vector ${vector}`);
    if (!this.enabled) return;
    if (this.#mayDeliver() && this.#send(vector)) return;
    this.#pending.add(vector);
    this.#tell(vector, 'pending');
  }

  /** Sends what is pending and may go out now. Called when the bus master bit changed. */
  deliverPending(): void {
    if (this.#pending.size === 0 || !this.#mayDeliver()) return;
    for (const vector of [...this.#pending]) {
      if (this.#send(vector)) this.#pending.delete(vector);
    }
  }

  /** Forgets what is pending, because the device behind was reset. */
  clearPending(): void {
    this.#pending.clear();
  }

  /** Every entry back to power-on; the capability is reset with configuration space. */
  reset(): void {
    this.#pending.clear();
    for (const entry of this.#entries) entry.reset();
  }

  #mayDeliver(): boolean {
    const control = this.#messageControl() & (MESSAGE_CONTROL.enable | MESSAGE_CONTROL.functionMask);
    return control === MESSAGE_CONTROL.enable && this.#parts.maySend();
  }

  /** Sends the message of one vector; false if its entry is masked. */
  #send(vector: number): boolean {
    const entry = this.#entries[vector];
    if (entry === undefined || (entry.get('vector_control') & 1) === 1) return false;
    const address = (BigInt(entry.get('message_upper_address')) << 32n) | BigInt(entry.get('message_address'));
    this.#tell(vector, 'sent');
    this.#parts.messages.send(address, entry.get('message_data'));
    return true;
  }

  #tell(vector: number, outcome: 'sent' | 'pending'): void {
    const [{ events }, entry] = [this.#parts, this.#entries[vector]];
    if (events === undefined || entry === undefined) return;
    const address = (BigInt(entry.get('message_upper_address')) << 32n) | BigInt(entry.get('message_address'));
    events.emit('message', { vector, address, data: entry.get('message_data'), outcome });
  }

  #messageControl(): number {
    return this.#control?.get('message_control') ?? 0;
  }

  #controlWritten(): void {
    this.deliverPending();
    this.#parts.controlChanged?.();
  }

  #pendingWord(word: number): bigint {
    let bits = 0n;
    for (const vector of this.#pending) {
      if (Math.floor(vector / 64) === word) bits |= 1n << BigInt(vector % 64);
    }
    return bits;
  }
}
