/** Waits for `promise`, but no longer than so many milliseconds. */
export async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    limit = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, late]);
  clearTimeout(limit);
}
