/** What this host has of what the bench needs. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { HostError, UsageError } from '../../vmm/usage-error.ts';
import type { Options } from './arguments.ts';
import type { Accel } from './machines.ts';
import { TSVMM_BUILT } from './places.ts';

/** What the figures belong to. */
export interface Host {
  readonly cpus: number;
  readonly model: string;
  readonly kernel: string;
  readonly node: string;
  readonly qemu?: string;
  readonly accel: Accel;
}

/**
 * Looks whether what was asked for can be measured here.
 *
 * @throws HostError without KVM, UsageError where tsvmm is not built or a QEMU that was named is not there
 */
export function lookAtHost({ accel: wanted, qemu }: Options): Host {
  const accel = wanted === 'auto' ? (whyNoKvm() === undefined ? 'kvm' : 'qtest') : wanted;
  if (accel === 'kvm') needKvm();
  if (accel !== 'tcg') {
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
  const code = whyNoKvm();
  if (code === undefined) return;
  throw new HostError(
    [
      `/dev/kvm cannot be opened (${code}); without it, --accel qtest compares the devices alone, driven by a program of this host's.`,
      'To see this command work with KVM all the same: scripts/kvm-in-qemu.sh npm run bench -- --runs 1 (slow).',
    ].join('\n'),
  );
}

function whyNoKvm(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

function qemuVersion(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}
