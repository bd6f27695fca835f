/** From what was chosen, found and opened to a machine that only has to be started. Loads in a browser as well. */
import type { Defer, MachineRequest } from '../devices/ports.ts';
import { describeMachine, type KnownTables } from '../trace/machine-description.ts';
import type { Accelerator, CpuEntry } from './accelerator.ts';
import { BootError } from './boot/boot-error.ts';
import type { LinuxImage } from './boot/linux-image.ts';
import { loadLinux } from './boot/load-linux.ts';
import type { GuestControl } from './control/guest-control.ts';
import { describeError } from './describe-error.ts';
import { deviceTrace } from './device-trace.ts';
import { Disposal } from './disposal.ts';
import { GuestConsole } from './guest-console.ts';
import type { OnReboot } from './guest-reset.ts';
import type { Hooks } from './hooks.ts';
import { Machine } from './machine.ts';
import type { MachineDevice } from './machine-device.ts';
import { type MemoryMap, MemorySizeError } from './memory-map.ts';
import type { ByMmio } from './plug-virtio.ts';
import { UsageError } from './usage-error.ts';

const SEED_BYTES = 32;

/** What it takes for a machine to have more than 9P transports on its PCI bus. */
export interface OtherDevices {
  readonly byMmio: ByMmio;
  readonly tables: KnownTables;
}

/** What a guest is put together from. */
export interface GuestPlan {
  readonly accelerator: Accelerator;
  readonly map: MemoryMap;
  readonly cpus: number;
  readonly kernel: LinuxImage;
  readonly initrd: Uint8Array | undefined;
  readonly cmdline: string;
  readonly devices: readonly MachineDevice[];
  /** What it takes for devices that are no 9P transports on the PCI bus; absent where there are none. */
  readonly others?: OtherDevices | undefined;
  /** Commands for the guest's init; absent where it takes none. */
  readonly control: GuestControl | undefined;
  /** What becomes of the machine when the guest resets it; it ends unless given. */
  readonly onReboot?: OnReboot | undefined;
  /** Made by `guestConsole`. */
  readonly console: GuestConsole;
  /** Lets the host's other work have its turn. */
  readonly defer: Defer;
}

/** What a guest consists of, wired and ready to start. */
export interface GuestParts {
  readonly accelerator: Accelerator;
  readonly machine: Machine;
  /** Where the kernel that is loaded begins. */
  readonly entry: CpuEntry;
  /** Loads it again, after a reset. */
  readonly load: () => CpuEntry;
  readonly onReboot: OnReboot;
  readonly control: GuestControl | undefined;
  readonly disposal: Disposal;
  readonly console: GuestConsole;
  readonly requests: { handle: (what: MachineRequest) => void };
  /** Errors of ours in what devices do on their own. */
  readonly failures: { handle: (error: unknown) => void };
}

/**
 * Runs `assemble`, which opens what a guest needs and remembers in the disposal how to give it back. Where it fails, that is
 * done at once, and what is wrong with kernel or memory becomes a UsageError.
 */
export async function guestParts(assemble: (disposal: Disposal) => Promise<GuestParts>): Promise<GuestParts> {
  const disposal = new Disposal();
  try {
    return await assemble(disposal);
  } catch (error) {
    // What went wrong first is what the caller needs to know.
    await disposal.run().catch(() => {});
    throw asUsageError(error);
  }
}

/** What is wrong with kernel or memory is wrong with what was asked for; any other error stays as it is. */
export function asUsageError(error: unknown): unknown {
  const isAsked = error instanceof BootError || error instanceof MemorySizeError;
  return isAsked ? new UsageError(error.message, { cause: error }) : error;
}

/** Where a guest's ports are shown and typed on. */
export function guestConsole(hooks: Pick<Hooks, 'notice'>): GuestConsole {
  return new GuestConsole((error) => hooks.notice?.(`a console listener failed: ${describeError(error)}`));
}

/** Wires the machine and loads the kernel. The plan's accelerator and what its devices serve are in `disposal` already. */
export function wireGuest(
  plan: GuestPlan,
  hooks: Pick<Hooks, 'notice' | 'events' | 'inspector'>,
  disposal: Disposal,
): GuestParts {
  const { accelerator, map, control, console } = plan;
  const requests = { handle: (_what: MachineRequest) => {} };
  const failures = { handle: (_error: unknown) => {} };
  const guarded = (work: () => void) => () => {
    try {
      work();
    } catch (error) {
      failures.handle(error);
    }
  };
  const machine = new Machine(accelerator, {
    map,
    cpus: plan.cpus,
    devices: plan.devices,
    byMmio: plan.others?.byMmio,
    onConsole: (bytes) => console.transmit(bytes),
    onConsoleReady: () => console.readyForInput(),
    control: { request: (what) => requests.handle(what) },
    defer: (work) => plan.defer(guarded(work)),
    trace: deviceTrace(hooks),
  });
  hooks.events?.emit('', 'machine', { description: describeMachine(machine, map.ram, plan.others?.tables) });
  console.connect(machine.serial);
  disposal.take(machine, (it) => it.quiesce());
  disposal.take(accelerator, (it) => it.stop());
  if (hooks.inspector !== undefined) disposal.take(hooks.inspector.attach(accelerator), (letGo) => letGo());

  const load = () =>
    loadLinux({
      kernel: plan.kernel,
      ...(plan.initrd && { initrd: plan.initrd }),
      cmdline: plan.cmdline,
      memory: accelerator.memory,
      map,
      cpus: plan.cpus,
      pciInterrupts: machine.pciInterrupts,
      rngSeed: crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
    });
  const entry = load();
  const { onReboot = 'end' } = plan;
  return { accelerator, machine, entry, load, onReboot, control, disposal, console, requests, failures };
}
