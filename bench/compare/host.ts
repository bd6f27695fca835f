/** What this host has of what the bench needs. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { HostError, UsageError } from '../../vmm/usage-error.ts';
import type { Options } from './arguments.ts';
import { TSVMM_BUILT } from './places.ts';

/** What the figures belong to. */
export interface Host {
  readonly cpus: number;
  readonly model: string;
  readonly kernel: string;
  readonly node: string;
  readonly qemu?: string;
  readonly accel: Options['accel'];
}

/**
 * Looks whether what was asked for can be measured here.
 *
 * @throws HostError without KVM, UsageError where tsvmm is not built or a QEMU that was named is not there
 */
export function lookAtHost({ accel, qemu }: Options): Host {
  if (accel === 'kvm') {
    needKvm();
    if (!existsSync(TSVMM_BUILT)) throw new UsageError('tsvmm is not built; run: npm run build');
  }
  const version = qemu === undefined ? undefined : qemuVersion(qemu);
  if (qemu !== undefined && version === undefined && (accel === 'tcg' || qemu.includes('/'))) {
    throw new UsageError(`${qemu} is no QEMU that runs here; install qemu-system-x86, or give --qemu PROGRAM`);
  }
  const model = cpus()[0]?.model ?? 'unknown';
  return {
    ...{ cpus: cpus().length, model, kernel: release(), node: process.version },
    ...(version !== undefined && { qemu: version }),
    accel,
  };
}

function needKvm(): void {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new HostError(
      [
        `/dev/kvm cannot be opened (${(error as NodeJS.ErrnoException).code}), and figures without KVM would say nothing of a machine with it.`,
        'What can be measured here: npm run bench:serve (the 9P core behind a socket, beside diod and bare system calls),',
        'npm run bench:boot, bench:guest (the software CPU), bench:trace and bench:memory.',
        'To see this command work all the same: scripts/kvm-in-qemu.sh npm run bench -- --runs 1 (slow), or --accel tcg (QEMU alone).',
      ].join('\n'),
    );
  }
}

function qemuVersion(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}
