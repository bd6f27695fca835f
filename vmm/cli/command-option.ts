/** One option of a command of tsvmm's. */
export interface CommandOption<Name extends string = string> {
  readonly name: Name;
  /** One-letter spelling. */
  readonly letter?: string;
  /** What the value is called in help; absent for a switch. */
  readonly value?: string;
  /** What the value looks like, where its name does not say enough. */
  readonly form?: string;
  /** The value may be left out. */
  readonly optional?: true;
  /** May be given several times. */
  readonly repeatable?: true;
  /** The section of help it stands in. */
  readonly group: string;
  readonly doc: string;
}
