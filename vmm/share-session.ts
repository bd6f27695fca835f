import type { Backend } from '../ninep/backend.ts';
import { createSession } from '../ninep/session.ts';
import { traceLines } from '../ninep/trace.ts';
import { describeError } from './describe-error.ts';
import type { Disposal } from './disposal.ts';
import type { Hooks } from './hooks.ts';
import type { MachineShare } from './machine.ts';

/** Puts a 9P session before an opened share, which is closed with the machine from now on. */
export function shareSession(
  mountTag: string,
  backend: Backend,
  hooks: Pick<Hooks, 'notice' | 'trace'>,
  disposal: Disposal,
): MachineShare {
  disposal.take(backend, (it) => it.close());
  const observer = hooks.trace && traceLines((line) => hooks.trace?.(`${mountTag}: ${line}`));
  const onBug = (error: unknown) => hooks.notice?.(`${mountTag}: internal error: ${describeError(error)}`);
  return { mountTag, handler: createSession(backend, { onBug, ...(observer && { observer }) }) };
}
