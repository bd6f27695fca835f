/** What usually causes an error, by ioctl (or system call) and error code. */
const hints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  open: {
    ENOENT:
      'there is no such device: load the module (modprobe kvm_intel, or kvm_amd); if that fails, switch VT-x or SVM on in the BIOS, or nested virtualisation on in the hypervisor above',
    EACCES: 'this user may not open it: join the group that owns it (sudo usermod -aG kvm "$USER") and log in again',
    EPERM: 'a container or security policy forbids it: pass the device in (docker run --device /dev/kvm)',
    ENXIO: 'the device node is there but no driver is: load the module (modprobe kvm_intel, or kvm_amd)',
    ENODEV: 'the device node is there but no driver is: load the module (modprobe kvm_intel, or kvm_amd)',
    EMFILE: 'this process has too many descriptors open: close some, or raise ulimit -n',
    EBUSY: 'another hypervisor (VirtualBox, VMware) holds the virtualisation hardware: stop it',
  },
  KVM_GET_API_VERSION: { ENOTTY: 'this is not a KVM device' },
  KVM_CREATE_VM: {
    ENOMEM: 'the host is short of memory',
    EBUSY: 'another hypervisor (VirtualBox, VMware) holds the virtualisation hardware: stop it',
    EMFILE: 'this process has too many descriptors open: close some, or raise ulimit -n',
    EINVAL: 'this host has no such machine type; 0 is the default',
  },
  KVM_GET_SUPPORTED_CPUID: { E2BIG: 'the host has more CPUID entries than this package asks for' },
  KVM_CREATE_VCPU: {
    EEXIST: 'this VM already has a vCPU with that id',
    EINVAL: 'the id is above KVM_CAP_MAX_VCPU_ID, or the VM has as many vCPUs as KVM_CAP_MAX_VCPUS allows',
    EMFILE: 'this process has too many descriptors open: close some, or raise ulimit -n',
    ENOMEM: 'the host is short of memory',
  },
  KVM_SET_USER_MEMORY_REGION: {
    EINVAL:
      'slot number, guest address, offset and size must be in range and multiples of 4096; a slot cannot change its size or memory, only be deleted and made anew',
    EEXIST: 'it overlaps the guest addresses of another slot',
    ENOMEM: 'the host is short of memory',
  },
  KVM_CREATE_IRQCHIP: {
    EEXIST: 'this VM already has an in-kernel irqchip',
    EINVAL: 'create the irqchip before the first vCPU',
    ENOTTY: 'KVM was built without an in-kernel irqchip',
  },
  KVM_CREATE_PIT2: {
    EEXIST: 'this VM already has an in-kernel PIT',
    ENOENT: 'create the irqchip first',
    EINVAL: 'create the irqchip first; the only flag is 1 (speaker dummy)',
  },
  KVM_GET_IRQCHIP: { ENXIO: 'this VM has no in-kernel irqchip: call createIrqchip()' },
  KVM_SET_IRQCHIP: { ENXIO: 'this VM has no in-kernel irqchip: call createIrqchip()' },
  KVM_SET_GSI_ROUTING: {
    EINVAL: 'a GSI is above the host limit, two routes of one GSI contradict each other, or there is no irqchip',
  },
  KVM_IRQ_LINE: {
    ENXIO: 'this VM has no in-kernel irqchip: call createIrqchip()',
    EINVAL: 'the GSI has no route',
  },
  KVM_SIGNAL_MSI: {
    EINVAL: 'this VM has no in-kernel irqchip, or the message has flags the host does not know',
    ENXIO: 'this VM has no in-kernel irqchip: call createIrqchip()',
  },
  KVM_IRQFD: {
    EBUSY: 'that eventfd already drives an interrupt of this VM',
    EINVAL: 'the GSI is out of range, there is no irqchip, or the resample eventfd belongs to another GSI',
    EBADF: 'the eventfd was closed',
    ENOENT: 'there is nothing to deassign',
    EOPNOTSUPP: 'this KVM has no irqfd',
  },
  KVM_IOEVENTFD: {
    EEXIST: 'there is already an ioeventfd at that address with that length and datamatch',
    EINVAL: 'the length must be 0, 1, 2, 4 or 8, and datamatch needs a length that holds it',
    ENOENT:
      'there is no such ioeventfd to deassign: address, length, space, datamatch and eventfd must be those it was made with',
    ENOSPC: 'the VM has as many ioeventfds as the host allows',
    EBADF: 'the eventfd was closed',
  },
  KVM_SET_TSS_ADDR: { EINVAL: 'three pages below 4 GiB are needed' },
  KVM_SET_IDENTITY_MAP_ADDR: { EINVAL: 'call it before the first vCPU is created' },
  KVM_SET_CPUID2: {
    E2BIG: 'there are more CPUID entries than the host takes',
    EINVAL: 'CPUID cannot change after the vCPU has run, or an entry contradicts the host',
  },
  KVM_SET_SREGS: {
    EINVAL: 'the control registers contradict each other: CR0.PG, CR4.PAE, EFER.LME, EFER.LMA and CS.L have to agree',
  },
  KVM_SET_LAPIC: { EINVAL: 'this VM has no in-kernel irqchip, or the APIC ID register was changed' },
  KVM_GET_LAPIC: { EINVAL: 'this VM has no in-kernel irqchip: call createIrqchip()' },
  KVM_SET_MP_STATE: { EINVAL: 'this state needs the in-kernel irqchip' },
  KVM_SET_VCPU_EVENTS: { EINVAL: 'a flag is set that the host does not know' },
  KVM_SET_TSC_KHZ: { EINVAL: 'the host cannot scale the TSC to this frequency' },
  KVM_ENABLE_CAP: { EINVAL: 'the host does not have this capability, or not with these arguments' },
  KVM_RUN: {
    EFAULT: 'a guest page could not be made present: the host is out of memory or its memory was truncated',
    EINVAL: 'the vCPU state is not one KVM can enter',
    EIO: 'the vCPU belongs to a VM of another process',
    ENOMEM: 'the host is short of memory',
  },
  memfd_create: { EMFILE: 'this process has too many descriptors open: close some, or raise ulimit -n' },
  ftruncate: { EFBIG: 'the size is beyond what the kernel or ulimit -f allows', ENOSPC: 'the host is short of memory' },
  mmap: {
    ENOMEM: 'no address space for it: look at ulimit -v, vm.max_map_count and vm.overcommit_memory',
    EOVERFLOW: 'the size is larger than the address space',
  },
  eventfd: { EMFILE: 'this process has too many descriptors open: close some, or raise ulimit -n' },
  pthread_create: { EAGAIN: 'no more threads: look at ulimit -u and the pids limit of the container' },
};

const otherwise: Readonly<Record<string, string>> = {
  ENOTTY: 'this kernel does not have that ioctl',
  ENOMEM: 'the host is short of memory',
};

/** What usually causes `code` from `operation` (an ioctl's or system call's name); empty where nothing is known. */
export function hintFor(operation: string, code: string): string {
  return hints[operation]?.[code] ?? otherwise[code] ?? '';
}
