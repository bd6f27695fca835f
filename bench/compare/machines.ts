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
  /** `kvm`, or for QEMU alone its interpreter `tcg`. */
  readonly accel: 'kvm' | 'tcg';
}

/** A program and its arguments, and how its threads that execute the guest are called. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly isVcpu: (threadName: string) => boolean;
}

/** tsvmm as users start it. `root=` keeps its own root, and with it two more devices, out of the machine. */
export function tsvmmCommand(wish: MachineWish): Command {
  const words = /(^| )root=/.test(wish.words) ? wish.words : `root=none ${wish.words}`;
  return {
    program: process.execPath,
    args: [
      ...[TSVMM, 'run', '-accel', wish.accel, '-m', `${wish.ram}M`, '-console', 'serial', '-no-reboot'],
      ...['-kernel', wish.kernel, '-append', words, ...shareOptions(wish)],
    ],
    isVcpu: (name) => name.startsWith('kvm-vcpu'),
  };
}

/** QEMU with the same devices and no others; its threads have names only where that is asked for. */
export function qemuCommand(wish: MachineWish, program: string): Command {
  return {
    program,
    args: [
      ...['-name', 'bench,debug-threads=on', '-M', 'pc', '-accel', wish.accel, '-m', String(wish.ram)],
      ...(wish.accel === 'kvm' ? ['-cpu', 'host'] : []),
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
      ...['-kernel', wish.kernel, '-append', wish.words, ...shareOptions(wish)],
    ],
    isVcpu: (name) => /^CPU \d/.test(name),
  };
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
