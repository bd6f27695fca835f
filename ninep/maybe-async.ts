import type { MaybeAsync } from './backend.ts';

/**
 * Whether the value comes later. Asks for `then` instead of the class, since a promise may come from another realm (a
 * native addon, a test runner's context).
 */
export function isPending<T>(value: MaybeAsync<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Goes on with the value: in the same turn if it is there, and without making a promise. */
export function after<T, R>(value: MaybeAsync<T>, next: (value: T) => MaybeAsync<R>): MaybeAsync<R> {
  return isPending(value) ? value.then(next) : next(value);
}

/**
 * Runs an operation and goes on with its value or its failure, whether either comes now or later. A failure in `next`
 * itself does not reach `failed`.
 */
export function attempt<T, R>(
  operation: () => MaybeAsync<T>,
  next: (value: T) => MaybeAsync<R>,
  failed: (error: unknown) => MaybeAsync<R>,
): MaybeAsync<R> {
  let value: MaybeAsync<T>;
  try {
    value = operation();
  } catch (error) {
    return failed(error);
  }
  return isPending(value) ? value.then(next, failed) : next(value);
}
