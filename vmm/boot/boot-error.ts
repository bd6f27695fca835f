/** What is wrong with what should be booted: for programs, where the message is for people. */
export type BootFault =
  /** The file cannot be read. */
  | 'unreadable'
  /** The file holds something else than a kernel. */
  | 'not-a-kernel'
  /** A kernel, but not one that this machine can run. */
  | 'unsupported'
  /** A kernel whose file is truncated or inconsistent. */
  | 'damaged'
  /** Kernel and initrd do not fit into the machine's memory. */
  | 'no-room'
  /** The command line is too long or cannot be handed over. */
  | 'bad-cmdline';

/** A kernel, initrd or command line cannot be booted; the message is one line that says why and what to do. */
export class BootError extends Error {
  override readonly name = 'BootError';
  readonly fault: BootFault;

  constructor(fault: BootFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
