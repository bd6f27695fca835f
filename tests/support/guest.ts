import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { VirtualMachineConfig } from '../../vmm/config.ts';
import type { FixtureArch } from '../../vmm/fixtures/products.ts';
import { VirtualMachine } from '../../vmm/virtual-machine.ts';

/** Long enough for a boot on the slowest host and what a test does in it, in milliseconds. */
export const GUEST_TIMEOUT_MS = 300_000;

/** Small: a guest kernel spends time on every page it has to describe. */
export const TEST_MEMORY = 128 * 2 ** 20;

function reasonWithoutKvm(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `/dev/kvm cannot be opened: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** What executes the guests of a `describe`. */
export type Accel = 'kvm' | 'software';

const withoutKvm = reasonWithoutKvm();

/**
 * `describe`, once for each accelerator, whose name comes first in brackets. The software CPU runs everywhere; where KVM is
 * not to be had its part is skipped, with the reason in its name.
 */
export function describeGuest(
  name: string,
  define: (accel: Accel) => void,
  accelerators: readonly Accel[] = ['software', 'kvm'],
): void {
  for (const accel of accelerators) {
    const reason = accel === 'kvm' ? withoutKvm : undefined;
    const run = reason === undefined ? describe : describe.skip;
    run(`[${accel}] ${name}${reason === undefined ? '' : ` [${reason}]`}`, () => define(accel));
  }
}

/** The processor of the fixtures that an accelerator runs. */
export function archOf(accel: Accel): FixtureArch {
  return accel === 'kvm' ? 'x86_64' : 'i386';
}

/** A directory for one test file, removed at its end. */
export function scratchDirectory(): string {
  const path = join(tmpdir(), `tsvmm-guest-${randomUUID()}`);
  // Made by a hook, which does not run where every test is filtered out or skipped.
  beforeAll(() => mkdirSync(path, { mode: 0o700 }));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What a script left behind in the guest, as text. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One running guest for all tests of a `describe`. */
export interface Guest {
  readonly vm: VirtualMachine;
  /** Runs a shell script; its output is awaited whole. */
  sh(script: string): Promise<Outcome>;
}

/** Boots a guest before the first test of this `describe` and stops it after the last. */
export function bootOnce(config: () => VirtualMachineConfig): Guest {
  let vm: VirtualMachine | undefined;
  beforeAll(async () => {
    vm = await VirtualMachine.create({ memory: TEST_MEMORY, ...config() });
    vm.start();
  }, GUEST_TIMEOUT_MS);
  afterAll(async () => {
    await vm?.stop();
  }, GUEST_TIMEOUT_MS);
  const running = () => {
    if (vm === undefined) throw new Error('the guest was not started');
    return vm;
  };
  return {
    get vm() {
      return running();
    },
    async sh(script) {
      const { status, stdout, stderr } = await running().exec(['sh', '-c', script]);
      const decoder = new TextDecoder();
      return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    },
  };
}
