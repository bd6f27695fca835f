import { runsOurInit } from './boot-plan.ts';
import type { ConsoleConfig, RootConfig, VirtualMachineConfig } from './config.ts';

/** As much of a configuration as says where its console is. */
type Consoled = Pick<VirtualMachineConfig, 'console' | 'devices' | 'kernel' | 'session'>;

/** What Linux calls the first port of a console device. */
const HVC = 'hvc0';

/**
 * The console device a machine gets beside those it was configured with: where that was asked for, and for the shell of our
 * init on our own kernel, which has the driver. A kernel of the user's own may lack it, or have it and listen elsewhere.
 */
export function ownConsole(config: Consoled, root: Partial<RootConfig> | undefined): ConsoleConfig | undefined {
  const { console = 'auto', kernel, session } = config;
  if (console === 'serial' || hasConsole(config)) return undefined;
  const forShell = runsOurInit(root) && session === 'shell' && kernel === undefined;
  return console === 'virtio' || forShell ? { kind: 'console' } : undefined;
}

/** The device the shell of our init is on, unless that is the first serial port. */
export function shellDevice(config: Consoled, own: ConsoleConfig | undefined): string | undefined {
  return own !== undefined || hasConsole(config) ? HVC : undefined;
}

function hasConsole({ devices = [] }: Consoled): boolean {
  return devices.some(({ kind }) => kind === 'console');
}
