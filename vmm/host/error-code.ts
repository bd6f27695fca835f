/** The code of a failed system call, such as `ENOENT`; for anything else thrown, its text. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
