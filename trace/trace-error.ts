/** A file is no trace, or not one that can be read; the message is one line for people. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}
