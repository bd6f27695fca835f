import { formatSize } from '../../memory-map.ts';
import { UsageError } from '../../usage-error.ts';

/** RAM of the software CPU is below this, in bytes. */
export const RAM_LIMIT = 2 ** 31;

/** Throws UsageError, one line, for a machine that the software CPU cannot be: before anything is made for it. */
export function checkSoftwareLimits({
  cpus,
  memory,
  sharedRam = false,
}: {
  readonly cpus: number;
  readonly memory: number;
  readonly sharedRam?: boolean;
}): void {
  if (sharedRam)
    throw new UsageError('the software CPU has guest RAM within its own: leave memory-backend out, or use KVM');
  if (cpus !== 1) throw new UsageError(`the software CPU is one CPU: leave --smp ${cpus} out, or use KVM`);
  if (memory < RAM_LIMIT) return;
  throw new UsageError(
    `memory of ${formatSize(memory)} is too much for the software CPU: give less than 2 GiB, or use KVM`,
  );
}
