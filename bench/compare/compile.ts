import { execFileSync } from 'node:child_process';
import { HostError } from '../../vmm/usage-error.ts';

/** Compiles C with these arguments, warnings being errors. @throws HostError where there is no compiler */
export function compile(args: readonly string[]): void {
  try {
    execFileSync('cc', ['-O2', '-Wall', '-Werror', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new HostError('there is no C compiler, cc: apt-get install gcc');
  }
}
