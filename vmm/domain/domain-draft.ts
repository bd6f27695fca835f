import { UsageError } from '../usage-error.ts';
import type { XmlElement } from './xml-tree.ts';

/** What a domain stands for: options of `tsvmm run`, as text, the way their values are written on a command line. */
export interface DomainOptions {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly memory?: string;
  readonly smp?: string;
  readonly accel?: 'kvm' | 'software';
  /** False: a guest that resets the machine ends the run. */
  readonly reboot?: boolean;
  readonly fsdev: readonly string[];
  readonly device: readonly string[];
  readonly drive: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly string[] ? string[] : T[K] };

/** Options in the making, and what is to be said about the elements they come from. */
export class DomainDraft {
  readonly options: Writable<DomainOptions> = { fsdev: [], device: [], drive: [] };
  /** One line for each thing that is not done as it is written. */
  readonly notices: string[] = [];
  readonly #file: string;

  /** @param file what the document is called in lines about it */
  constructor(file: string) {
    this.#file = file;
  }

  /** Says what is done in place of what an element asks for. */
  notice(element: XmlElement, line: string): void {
    this.notices.push(`${this.#place(element)} ${line}`);
  }

  /** Refuses the domain: it would be another machine than the one it describes. */
  refuse(element: XmlElement, line: string): never {
    throw new UsageError(`${this.#place(element)} ${line}`);
  }

  /** An attribute that is one of `words`, or undefined where there is none. Refuses any other. */
  word<const W extends string>(element: XmlElement, name: string, words: readonly W[]): W | undefined {
    const given = element.attributes.get(name);
    if (given === undefined) return undefined;
    const word = words.find((one) => one === given);
    return word ?? this.refuse(element, `${name}='${given}' is not supported; write ${words.join(' or ')}`);
  }

  /** An attribute that must be there and say something. */
  required(element: XmlElement, name: string): string {
    return element.attributes.get(name) || this.refuse(element, `lacks ${name}=`);
  }

  /** The text of an element that must say something. */
  text(element: XmlElement): string {
    return element.text || this.refuse(element, 'is empty');
  }

  #place({ name, line }: XmlElement): string {
    return `${this.#file}:${line}: <${name}>`;
  }
}

/** One value of an option string: a comma inside it is written twice. */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}
