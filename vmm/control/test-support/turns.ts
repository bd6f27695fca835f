/** Resolves when everything that can happen without the outside has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => resolve());
  });
}

/** Whether `promise` has settled by now. */
export async function isPending(promise: unknown): Promise<boolean> {
  const pending = Symbol('pending');
  await settled();
  return (await Promise.race([Promise.resolve(promise).catch(() => {}), Promise.resolve(pending)])) === pending;
}
