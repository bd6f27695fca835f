/** Ports, memory and structures as the exercises get them. */
import type { AccessPort } from '../devices/virtio/fake-driver/pci-driver.ts';
import type { Registers, Width } from '../docs/labs/lab.ts';
import type { Patience } from './patience.ts';

/** An access the exercise made. */
export interface LearnerAccess {
  readonly port: string;
  readonly kind: 'read' | 'write';
  readonly at: number;
  readonly width: Width;
  readonly value: number;
}

/** What a port of the exercises needs. */
export interface LearnerPortParts {
  /** As exercises call it, for messages. */
  readonly name: string;
  readonly target: AccessPort;
  /** Added to every place. */
  readonly base?: number;
  readonly patience: Patience;
  readonly accesses: LearnerAccess[];
}

const WIDTHS: readonly unknown[] = [1, 2, 4];
/** Accesses remembered at most; later ones are made all the same. */
const MOST_ACCESSES = 100_000;

/** The port; wrong arguments throw a TypeError that says which. */
export function learnerPort({ name, target, base = 0, patience, accesses }: LearnerPortParts): Registers {
  const check = (call: string, at: number, width: Width): void => {
    if (!Number.isInteger(at)) throw new TypeError(`${call}: ${at} is no whole number`);
    if (!WIDTHS.includes(width)) throw new TypeError(`${call}: an access has 1, 2 or 4 bytes, not ${width}`);
    patience.register(call);
  };
  const note = (access: LearnerAccess): void => {
    if (accesses.length < MOST_ACCESSES) accesses.push(access);
  };
  return {
    read(at, width) {
      check(`${name}.read(0x${Number(at).toString(16)})`, at, width);
      const value = target.read(base + at, width) >>> 0;
      note({ port: name, kind: 'read', at, width, value });
      return value;
    },
    write(at, width, value) {
      const call = `${name}.write(0x${Number(at).toString(16)})`;
      check(call, at, width);
      if (!Number.isInteger(value)) {
        throw new TypeError(
          `${call}: the value is ${value}${typeof value === 'bigint' ? 'n, a bigint' : ''}; give a whole number`,
        );
      }
      const stored = width === 4 ? value >>> 0 : value & (2 ** (8 * width) - 1);
      note({ port: name, kind: 'write', at, width, value: stored });
      target.write(base + at, width, stored);
    },
  };
}
