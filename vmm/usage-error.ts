/** The user asked for something that cannot be: one line naming the cause and the remedy, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** This host lacks something tsvmm needs: one line naming the cause and the remedy, exit status 125. */
export class HostError extends Error {
  override readonly name = 'HostError';
}
