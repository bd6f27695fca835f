import { readWithFirstKey } from '../options/first-key.ts';
import { CPU } from '../options/machine.ts';
import { remedyFor } from '../options/nearest.ts';
import { onOff } from '../options/value-type.ts';
import { UsageError } from '../usage-error.ts';

/** An option of QEMU's that tsvmm answers without having one of its own. */
export interface QemuOption {
  readonly name: string;
  /** What the value is called; absent for a switch. */
  readonly value?: string;
  /** Why it may be accepted: what tsvmm does in any case. Absent where it is refused. */
  readonly accepted?: string;
  /** Throws UsageError where the value asks for what is not to be had. */
  readonly check?: (value: string) => void;
  /** Says the same in options of tsvmm's own. Throws UsageError as `check` does. */
  readonly means?: (value: string) => readonly string[];
  /** Why it is refused, as the rest of a sentence. */
  readonly refusal?: string;
}

const NEVER = 'is not supported; leave it out';

function only(option: string, ...values: readonly string[]): (value: string) => void {
  return (value) => {
    if (values.includes(value)) return;
    throw new UsageError(`${option}: '${value}' is not supported; ${remedyFor(value, values, 'value')}`);
  };
}

/** The one property for all devices that QEMU's users of virtio-mmio set, since its default there is the other one. */
function checkGlobal(value: string): void {
  const off = onOff.parse(/^virtio-mmio\.force-legacy=(.+)$/.exec(value)?.[1] ?? '');
  if ('value' in off && !off.value) return;
  const remedy =
    'value' in off ? 'write force-legacy=on at each virtio-mmio device' : 'write the property at each device';
  throw new UsageError(`--global: '${value}' is not supported; ${remedy}`);
}

/** Options a working QEMU command line may carry. @spec QEMU invocation */
export const QEMU_OPTIONS: readonly QemuOption[] = [
  { name: 'nographic', accepted: 'there is no other console than the serial port' },
  { name: 'enable-kvm', accepted: 'the same as --accel kvm', means: () => ['--accel', 'kvm'] },
  {
    name: 'cpu',
    value: 'host|max',
    accepted: "the guest sees the host's processor",
    check: (value) => readWithFirstKey('--cpu', CPU, 'model', value),
  },
  { name: 'nodefaults', accepted: 'there are no default devices' },
  { name: 'no-user-config', accepted: 'there is no configuration file' },
  { name: 'name', value: 'NAME', accepted: 'nothing shows a name' },
  { name: 'display', value: 'none', accepted: 'there is no display', check: only('--display', 'none') },
  { name: 'vga', value: 'none', accepted: 'there is no display', check: only('--vga', 'none') },
  {
    name: 'serial',
    value: 'stdio',
    accepted: 'the serial port is on the terminal',
    check: only('--serial', 'stdio', 'mon:stdio'),
  },
  { name: 'monitor', value: 'none', accepted: 'there is no monitor', check: only('--monitor', 'none') },
  { name: 'audio', value: 'none', accepted: 'there is no sound', check: only('--audio', 'none') },
  { name: 'net', value: 'none', accepted: 'there is no network', check: only('--net', 'none') },
  { name: 'nic', value: 'none', accepted: 'there is no network', check: only('--nic', 'none') },
  {
    name: 'global',
    value: 'virtio-mmio.force-legacy=off',
    accepted: 'virtio-mmio devices are modern unless their own force-legacy=on says otherwise',
    check: checkGlobal,
  },
  { name: 'hda', value: 'FILE', refusal: 'is not supported; use --drive file=FILE,if=virtio' },
  { name: 'cdrom', value: 'FILE', refusal: 'is not supported; use --drive file=FILE,if=virtio,readonly=on' },
  { name: 'netdev', value: 'SPEC', refusal: NEVER },
  { name: 'bios', value: 'FILE', refusal: 'is not supported; tsvmm enters the kernel itself' },
  { name: 'boot', value: 'SPEC', refusal: 'is not supported; tsvmm boots the kernel of --kernel' },
  { name: 'daemonize', refusal: 'is not supported; use nohup or setsid' },
  { name: 'gdb', value: 'DEVICE', refusal: NEVER },
  { name: 's', refusal: NEVER },
  { name: 'S', refusal: NEVER },
  { name: 'snapshot', refusal: NEVER },
];
