import { bad, type HostCheck, type Observation, ok, warn } from '../check.ts';
import { errorCode } from '../error-code.ts';
import type { HostProbe } from '../probe.ts';

const DEVICE = '/dev/kvm';
const GROUP_BITS = 0o060;
const REBUILD = 'npm rebuild node-kvm node-hostfs';

/** What each KVM module stands on, and what that means for guests. */
const MODULES: readonly { readonly module: string; readonly observation: Observation }[] = [
  {
    module: 'kvm_pvm',
    observation: warn(
      "kvm_pvm: no VT-x or SVM below, the guest's kernel code is emulated; tsvmm's own kernel boots in seconds, stock kernels do not get as far as a shell",
      'for kernels of your own use a host with VT-x or SVM, or switch nested virtualisation on',
    ),
  },
  { module: 'kvm_intel', observation: ok('kvm_intel: VT-x') },
  { module: 'kvm_amd', observation: ok('kvm_amd: SVM') },
];

/** KVM, and whether this user may use it. Without it guests run on the software CPU, so nothing here is bad. */
export const KVM_CHECKS: readonly HostCheck[] = [
  {
    check: 'KVM module',
    look: (host) => {
      const loaded = MODULES.find(({ module }) => host.exists(`/sys/module/${module}`));
      if (loaded !== undefined) return loaded.observation;
      return host.exists(DEVICE) ? warn(`none known in /sys/module, but ${DEVICE} is there`) : moduleMissing(host);
    },
  },
  {
    check: DEVICE,
    look: (host) => {
      const refusal = host.openRefusal(DEVICE);
      if (refusal === undefined) return ok('can be opened');
      if (refusal === 'ENOENT')
        return warn(
          'does not exist',
          'load the KVM module, or pass the device into this container: docker run --device /dev/kvm',
        );
      if (refusal === 'EACCES') return warn('may not be opened by this user', accessRemedy(host));
      return warn(`cannot be opened (${refusal})`, 'load the KVM module, or allow the device in this container');
    },
  },
  {
    check: 'group of /dev/kvm',
    look: (host) => {
      const device = host.permissions(DEVICE);
      if (device === undefined) return warn('there is no device');
      const name = groupName(host, device.gid);
      if (host.uid === 0) return ok(`${name}; root needs no group`);
      const isOpen = host.openRefusal(DEVICE) === undefined;
      if (host.groups.includes(device.gid)) return ok(`${name}, and this user is in it`);
      return isOpen
        ? ok(`${name}; this user is not in it, but has access`)
        : warn(`${name}, and this user is not in it`, accessRemedy(host));
    },
  },
  {
    check: 'addon node-kvm',
    look: async (host) => {
      try {
        const version = await host.kvmVersion();
        return ok(`works; KVM API version ${version}`);
      } catch (error) {
        if (isMissingAddon(error)) return warn('is not built', REBUILD);
        if (host.openRefusal(DEVICE) !== undefined) return ok(`is built; ${DEVICE} is not to be had`);
        return warn(`fails: ${messageOf(error)}`, REBUILD);
      }
    },
  },
  {
    check: 'addon node-hostfs',
    look: async (host) => {
      try {
        await host.loadHostfs();
        return ok('works');
      } catch (error) {
        return bad(isMissingAddon(error) ? 'is not built' : `fails: ${messageOf(error)}`, REBUILD);
      }
    },
  },
];

function moduleMissing(host: HostProbe): Observation {
  const flags = /^flags\s*:(.*)$/m.exec(host.readText('/proc/cpuinfo') ?? '')?.[1]?.split(' ') ?? [];
  if (flags.includes('vmx')) return warn('none loaded; the processor has VT-x', 'sudo modprobe kvm_intel');
  if (flags.includes('svm')) return warn('none loaded; the processor has SVM', 'sudo modprobe kvm_amd');
  return warn(
    'none loaded, and the processor shows neither VT-x nor SVM',
    'switch virtualisation on in the firmware, or nested virtualisation in the hypervisor above',
  );
}

/** A device its group may open wants the user in that group; any other wants its group set right first. */
function accessRemedy(host: HostProbe): string {
  const device = host.permissions(DEVICE);
  const name = device === undefined ? 'kvm' : groupName(host, device.gid);
  const isForGroup = device !== undefined && (device.mode & GROUP_BITS) === GROUP_BITS && name !== 'root';
  return isForGroup
    ? `sudo usermod -aG ${name} "$USER", then log in again`
    : `sudo chgrp kvm ${DEVICE} && sudo chmod 660 ${DEVICE} && sudo usermod -aG kvm "$USER", then log in again`;
}

function groupName(host: HostProbe, gid: number): string {
  const line = host
    .readText('/etc/group')
    ?.split('\n')
    .find((text) => text.split(':')[2] === String(gid));
  return line?.split(':')[0] ?? String(gid);
}

/** Both packages say so in these words; without their JavaScript it is the module that is missing. */
function isMissingAddon(error: unknown): boolean {
  return errorCode(error) === 'ERR_MODULE_NOT_FOUND' || /not (been )?built/.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
