/** Guest RAM as the exercises get it: a DataView whose stores are remembered, so that their order can be judged. */
import type { Patience } from './patience.ts';

/** A store to guest RAM. */
export interface RamStore {
  readonly at: number;
  /** Bytes. */
  readonly length: number;
  /** What is there now, as the device reads it. */
  readonly value: bigint;
  /** Number of the last event before it. */
  readonly after: number;
}

/** What the view needs. */
export interface RamWatch {
  readonly patience: Patience;
  /** Number of the last event. */
  readonly now: () => number;
  /** Takes every store. */
  readonly stores: RamStore[];
}

/** Stores remembered at most; later ones are made all the same. */
const MOST_STORES = 100_000;
const ACCESSOR = /^([gs]et)(?:Big)?(?:Uint|Int|Float)(8|16|32|64)$/;

/** A DataView of `buffer` that tells of what is done with it. */
export function watchedRam(buffer: ArrayBuffer, { patience, now, stores }: RamWatch): DataView {
  const view = new DataView(buffer);
  return new Proxy(view, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      const accessor = ACCESSOR.exec(String(name));
      if (typeof value !== 'function' || accessor === null) return value;
      const length = Number(accessor[2]) / 8;
      return (at: number, ...rest: readonly (number | bigint | boolean)[]): unknown => {
        if (!(Number.isInteger(at) && at >= 0 && at + length <= buffer.byteLength)) {
          throw new RangeError(
            `ram.${String(name)}(${at}): guest RAM goes from 0 to 0x${(buffer.byteLength - 1).toString(16)}`,
          );
        }
        patience.ram(`ram.${String(name)}(0x${at.toString(16)})`);
        const result: unknown = Reflect.apply(value, target, [at, ...rest]);
        if (accessor[1] === 'set' && stores.length < MOST_STORES) {
          stores.push({ at, length, value: littleEndian(target, at, length), after: now() });
        }
        return result;
      };
    },
  });
}

function littleEndian(view: DataView, at: number, length: number): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i -= 1) value = value * 256n + BigInt(view.getUint8(at + i));
  return value;
}
