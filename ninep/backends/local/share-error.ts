/** Why a directory cannot be shared. */
export type ShareErrorReason =
  | 'missing'
  | 'not a directory'
  | 'unreadable'
  | 'no /proc'
  | 'no attributes'
  | 'wrong options'
  | 'failed';

/** A share that cannot be exported: one line with what is wrong, where, and what to do. */
export class ShareError extends Error {
  override readonly name = 'ShareError';
  readonly path: string;
  readonly reason: ShareErrorReason;

  constructor(path: string, reason: ShareErrorReason, detail: string) {
    super(`cannot share ${JSON.stringify(path)}: ${detail}`);
    this.path = path;
    this.reason = reason;
  }
}
