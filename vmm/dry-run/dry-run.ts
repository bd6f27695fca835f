import { existsSync } from 'node:fs';
import type { FrameHandler } from '../../ninep/frame-handler.ts';
import { type AcceleratorChoice, chooseAccelerator } from '../accelerators/choose.ts';
import { idleHost } from '../accelerators/idle-host.ts';
import { readInitrdFile, readKernelFile } from '../boot/kernel-file.ts';
import type { LinuxImage } from '../boot/linux-image.ts';
import { loadLinux, memoryNeeded } from '../boot/load-linux.ts';
import { CONTROL_TAG, commandLine, GRAFTED_INIT, mountPoint, ROOT_TAG, runsOurInit } from '../boot-plan.ts';
import { checkConfig } from '../check-config.ts';
import type { ConsoleConfig, RootConfig, ShareConfig, VirtualMachineConfig } from '../config.ts';
import { Disposal } from '../disposal.ts';
import { driverOf } from '../export-config.ts';
import { kernelWords } from '../fixtures/command-line.ts';
import { hasKernel, kernelPaths } from '../fixtures/kernel.ts';
import { initPath, rootPaths } from '../fixtures/root.ts';
import { GuestConsole } from '../guest-console.ts';
import { findRoot } from '../guest-files.ts';
import { asUsageError } from '../guest-parts.ts';
import type { Hooks } from '../hooks.ts';
import { DEFAULT_MEMORY } from '../limits.ts';
import { Machine } from '../machine.ts';
import { type MachineDevice, shareDevice } from '../machine-device.ts';
import { memoryMap, PORTS } from '../memory-map.ts';
import { mmioPlaces, mmioWords } from '../mmio-places.ts';
import { openDevice } from '../open-device.ts';
import { ownConsole, shellDevice } from '../own-console.ts';
import { byMmio } from '../plug-mmio.ts';
import { functionsOf, mmioDevicesOf } from './look-at-machine.ts';
import type { FileReport, MachineReport, ShareReport } from './machine-report.ts';

/**
 * Wires the machine of a configuration to an accelerator that executes nothing, and says what a guest would find. No share
 * is opened, nothing is built and nothing started; a kernel that is there is loaded, into memory that forgets it. A disk's
 * image is opened, since its length and format are its device's, and closed again.
 *
 * @throws UsageError where the configuration cannot be met; HostError where this host cannot run a machine.
 */
export async function dryRun(config: VirtualMachineConfig, hooks: Pick<Hooks, 'notice'> = {}): Promise<MachineReport> {
  checkConfig(config);
  const choice = await chooseAccelerator(config, hooks);
  const disposal = new Disposal();
  try {
    return await report(config, choice, disposal);
  } catch (error) {
    throw asUsageError(error);
  } finally {
    await disposal.run();
  }
}

async function report(
  config: VirtualMachineConfig,
  choice: AcceleratorChoice,
  disposal: Disposal,
): Promise<MachineReport> {
  const { arch, bits, pvm, kind } = choice;
  const isThere = config.kernel !== undefined || hasKernel({ arch });
  const kernelPath = config.kernel ?? kernelPaths({ arch }).vmlinux;
  const kernel = isThere ? await readKernelFile(kernelPath, bits) : undefined;
  const initrd = config.initrd === undefined ? undefined : await readInitrdFile(config.initrd);
  const { root, init } = await findRoot(config, { arch }, { init: initPath, root: rootPaths });
  const cpus = config.cpus ?? 1;
  const map = memoryMap(
    config.memory ?? DEFAULT_MEMORY,
    kernel === undefined ? undefined : memoryNeeded(kernel, initrd?.length),
  );
  const own = ownConsole(config, root);
  const devices = plannedDevices(config, root, own, disposal);
  const places = mmioPlaces(devices);
  const ownWords = kernelWords({ arch, pvm, ownKernel: config.kernel !== undefined, verbose: config.verbose ?? false });
  const cmdline = commandLine(config, {
    kernelWords: [...ownWords, ...mmioWords(places)],
    root,
    shellOn: shellDevice(config, own),
  });

  const host = idleHost(map);
  const machine = new Machine(host, {
    map,
    cpus,
    devices,
    byMmio,
    onConsole: () => true,
    onConsoleReady() {},
    control: { request() {} },
    defer() {},
  });
  const load = (image: LinuxImage) =>
    loadLinux({
      kernel: image,
      ...(initrd && { initrd }),
      cmdline,
      memory: host.memory,
      map,
      cpus,
      pciInterrupts: machine.pciInterrupts,
    });
  const entry = kernel && load(kernel);
  return {
    accelerator: kind,
    cpus,
    memory: { bytes: map.memory, map: map.rows },
    ports: Object.entries(PORTS).map(([name, range]) => ({ name, ...range })),
    pci: functionsOf(machine),
    mmio: mmioDevicesOf(
      machine,
      places.filter((place) => place !== undefined),
    ),
    shares: (config.shares ?? []).map(shareReport),
    devices: (config.devices ?? []).map((device) => plainData(device)),
    boot: {
      kernel: { path: kernelPath, state: isThere ? 'present' : 'would be made' },
      ...(entry && { entry: { mode: entry.mode, address: Number(entry.rip) } }),
      ...(config.initrd !== undefined && { initrd: fileReport(config.initrd) }),
      ...(root && { root: rootReport(root, init) }),
      commandLine: cmdline,
    },
  };
}

/** The devices in the order a machine gets them, shares without anything behind them. */
function plannedDevices(
  config: VirtualMachineConfig,
  root: RootConfig | undefined,
  own: ConsoleConfig | undefined,
  disposal: Disposal,
): MachineDevice[] {
  const host = { disposal, hooks: {}, console: new GuestConsole() };
  const ours = (mountTag: string) => shareDevice({ mountTag, handler: NOBODY });
  return [
    ...(root === undefined ? [] : [ours(ROOT_TAG)]),
    ...(config.shares ?? []).map(({ mountTag, virtio }) =>
      shareDevice({ mountTag, handler: NOBODY, ...(virtio && { virtio }) }),
    ),
    ...[...(config.devices ?? []), ...(own ? [own] : [])].map((device) => openDevice(device, host)),
    ...(runsOurInit(root) && config.session !== 'shell' ? [ours(CONTROL_TAG)] : []),
  ];
}

const NOBODY: FrameHandler = {
  handle() {
    throw new Error('a dry run serves nothing');
  },
  async reset() {},
};

function fileReport(path: string): FileReport {
  return { path, state: existsSync(path) ? 'present' : 'would be made' };
}

function rootReport(root: RootConfig, ours: string | undefined): NonNullable<MachineReport['boot']['root']> {
  return {
    ...fileReport(root.path),
    readonly: root.readonly ?? true,
    init: root.init ?? GRAFTED_INIT,
    ...(ours !== undefined && { ours: fileReport(ours) }),
  };
}

function shareReport(share: ShareConfig): ShareReport {
  const { mountTag, driver: _driver, mountAt: _mountAt, virtio = {}, ...options } = share;
  return { mountTag, driver: driverOf(share), mountAt: mountPoint(share), options: plainData(options), virtio };
}

/** Without what is code: trees of a program's own. */
function plainData(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isCode(value)));
}

function isCode(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null && 'close' in value);
}
