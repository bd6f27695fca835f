/** The capability chain of a function: computes offsets and pointers. */

/** A piece of configuration space: a register bank, whatever its owner. */
export interface ConfigBank {
  /** Bytes, a multiple of 4. */
  readonly length: number;
  read(offset: number, width: number): number | undefined;
  write(offset: number, width: number, value: number): unknown;
  /** What an access touches, for a trace. */
  explain(offset: number, width: number, value: number): string;
  reset(): void;
}

/** One capability: makes its registers once the pointer to the next one is known. */
export interface PciCapability {
  readonly name: string;
  /** Makes the bank, whose byte 1 reads `next`: an offset in configuration space, or 0 for the last one. */
  bank(next: number): ConfigBank;
}

/** A bank at its offset. */
export interface PlacedBank {
  readonly offset: number;
  readonly bank: ConfigBank;
}

const FIRST = 0x40;
const END = 0x100;

/**
 * Places capabilities behind the header in the order given and links them the other way round, so that the chain begins
 * with the last: the order in which other machines of this kind list theirs.
 *
 * `first` is the value of the capabilities pointer, 0 if there are none.
 *
 * @spec PCI Local Bus 3.0 §6.7 Capabilities List
 * @throws Error when they do not fit or a length is not a multiple of 4: our bug.
 */
export function placeCapabilities(capabilities: readonly PciCapability[]): {
  readonly first: number;
  readonly placed: readonly PlacedBank[];
} {
  let [first, end] = [0, FIRST];
  const placed = capabilities.map((capability) => {
    const bank = capability.bank(first);
    if (bank.length % 4 !== 0) throw new Error(`capability ${capability.name}: ${bank.length} is not a multiple of 4`);
    const offset = end;
    end += bank.length;
    if (end > END) throw new Error(`capability ${capability.name} does not fit into configuration space`);
    first = offset;
    return { offset, bank };
  });
  return { first, placed };
}
