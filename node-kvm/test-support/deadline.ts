/** How many times as long as usual everything may take: TSVMM_TEST_TIMEOUT_FACTOR, for hosts that are emulated. */
export const patience = Number(process.env.TSVMM_TEST_TIMEOUT_FACTOR ?? 1);

const defaultMs = 60_000;

/** `promise`, or a rejection that names what did not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, usualMs = defaultMs): Promise<T> {
  const ms = usualMs * patience;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves once `condition` holds, looked at every millisecond. */
export async function eventually(what: string, condition: () => boolean, usualMs = defaultMs): Promise<void> {
  const ms = usualMs * patience;
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
