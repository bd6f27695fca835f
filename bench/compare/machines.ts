/** The machines that are compared, as command lines. */
import { TSVMM } from './places.ts';

/** A directory and its mount tag. */
export interface Shared {
  readonly path: string;
  readonly tag: string;
}

/** A machine as both can have it. */
export interface MachineWish {
  readonly kernel: string;
  /** Words for the kernel. */
  readonly words: string;
  /** RAM in MiB. */
  readonly ram: number;
  /** One virtio-9p-pci device each; the same directory may come more than once. */
  readonly shares: readonly Shared[];
  /** More options of each device. */
  readonly deviceOptions?: string;
  /** `qtest`: a program of the host's plays the CPU; `tcg`, for QEMU alone, its interpreter. */
  readonly accel: Accel;
  /** Where a machine of qtest's takes commands, and the program that gives them. */
  readonly seat?: { readonly socket: string; readonly driver: string };
}

/** What executes the bench guest. */
export type Accel = 'kvm' | 'qtest' | 'tcg';

/** A program and its arguments, and how its threads that execute the guest are called. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly isVcpu: (threadName: string) => boolean;
  /** A machine without a CPU is driven at this socket by this program, with these words for the bench guest. */
  readonly driven?: { readonly driver: string; readonly socket: string; readonly words: string };
}

/** tsvmm as users start it. `root=` keeps its own root, and with it two more devices, out of the machine. */
export function tsvmmCommand(wish: MachineWish): Command {
  const isVcpu = (name: string) => name.startsWith('kvm-vcpu');
  const driven = drivenBy(wish);
  if (driven !== undefined) {
    const args = [TSVMM, 'run', '-accel', 'qtest', ...sharedMemory(wish, driven.socket), ...shareOptions(wish)];
    return { program: process.execPath, args, isVcpu, driven };
  }
  const words = /(^| )root=/.test(wish.words) ? wish.words : `root=none ${wish.words}`;
  return {
    program: process.execPath,
    args: [
      ...[TSVMM, 'run', '-accel', wish.accel, '-m', `${wish.ram}M`, '-console', 'serial', '-no-reboot'],
      ...['-kernel', wish.kernel, '-append', words, ...shareOptions(wish)],
    ],
    isVcpu,
  };
}

/** QEMU with the same devices and no others; its threads have names only where that is asked for. */
export function qemuCommand(wish: MachineWish, program: string): Command {
  const isVcpu = (name: string) => /^CPU \d/.test(name);
  const plain = ['-name', 'bench,debug-threads=on', '-nodefaults', '-no-user-config', '-display', 'none'];
  const driven = drivenBy(wish);
  if (driven !== undefined) {
    // Distributions build it without -accel qtest: its CPU is stopped before the first instruction.
    const args = [...plain, '-accel', 'tcg', '-S', ...sharedMemory(wish, driven.socket), ...shareOptions(wish)];
    return { program, args, isVcpu, driven };
  }
  return {
    program,
    args: [
      ...[...plain, '-M', 'pc', '-accel', wish.accel, '-m', String(wish.ram)],
      ...(wish.accel === 'kvm' ? ['-cpu', 'host'] : []),
      ...['-no-reboot', '-serial', 'stdio', '-kernel', wish.kernel, '-append', wish.words, ...shareOptions(wish)],
    ],
    isVcpu,
  };
}

function drivenBy({ accel, seat, words }: MachineWish): Command['driven'] {
  return accel === 'qtest' && seat !== undefined ? { ...seat, words } : undefined;
}

/** A machine whose RAM the driver can map. */
function sharedMemory({ ram }: MachineWish, socket: string): string[] {
  return [
    ...['-qtest', `unix:${comma(socket)},server=on,wait=off`, '-qtest-log', 'none'],
    ...['-object', `memory-backend-memfd,id=ram,size=${ram}M,share=on`, '-machine', 'pc,memory-backend=ram'],
  ];
}

/** Devices and what is behind them, in the language that both have. */
function shareOptions({ shares, deviceOptions }: MachineWish): string[] {
  const more = deviceOptions === undefined ? '' : `,${deviceOptions}`;
  return shares.flatMap(({ path, tag }, index) => [
    ...['-fsdev', `local,id=fs${index},path=${comma(path)},security_model=none`],
    ...['-device', `virtio-9p-pci,fsdev=fs${index},mount_tag=${tag}${more}`],
  ]);
}

/** Both write a comma within a value twice. */
function comma(text: string): string {
  return text.replaceAll(',', ',,');
}
