/**
 * The capabilities of x86 that `checkExtension` knows by name; any other can be asked for by number.
 *
 * @spec KVM API §4.4 KVM_CHECK_EXTENSION
 */
export const capabilities = {
  KVM_CAP_IRQCHIP: 0,
  KVM_CAP_USER_MEMORY: 3,
  KVM_CAP_SET_TSS_ADDR: 4,
  KVM_CAP_EXT_CPUID: 7,
  KVM_CAP_CLOCKSOURCE: 8,
  KVM_CAP_NR_VCPUS: 9,
  KVM_CAP_NR_MEMSLOTS: 10,
  KVM_CAP_MP_STATE: 14,
  KVM_CAP_SET_GUEST_DEBUG: 23,
  KVM_CAP_IRQ_ROUTING: 25,
  KVM_CAP_IRQFD: 32,
  KVM_CAP_PIT2: 33,
  KVM_CAP_IOEVENTFD: 36,
  KVM_CAP_SET_IDENTITY_MAP_ADDR: 37,
  KVM_CAP_ADJUST_CLOCK: 39,
  KVM_CAP_INTERNAL_ERROR_DATA: 40,
  KVM_CAP_VCPU_EVENTS: 41,
  KVM_CAP_DEBUGREGS: 50,
  KVM_CAP_ENABLE_CAP: 54,
  KVM_CAP_XSAVE: 55,
  KVM_CAP_XCRS: 56,
  KVM_CAP_TSC_CONTROL: 60,
  KVM_CAP_GET_TSC_KHZ: 61,
  KVM_CAP_MAX_VCPUS: 66,
  KVM_CAP_TSC_DEADLINE_TIMER: 72,
  KVM_CAP_SYNC_REGS: 74,
  KVM_CAP_SIGNAL_MSI: 77,
  KVM_CAP_READONLY_MEM: 81,
  KVM_CAP_IRQFD_RESAMPLE: 82,
  KVM_CAP_ENABLE_CAP_VM: 98,
  KVM_CAP_IOEVENTFD_NO_LENGTH: 100,
  KVM_CAP_CHECK_EXTENSION_VM: 105,
  KVM_CAP_SPLIT_IRQCHIP: 121,
  KVM_CAP_IOEVENTFD_ANY_LENGTH: 122,
  KVM_CAP_MAX_VCPU_ID: 128,
  KVM_CAP_X2APIC_API: 129,
  KVM_CAP_IMMEDIATE_EXIT: 136,
  KVM_CAP_X86_DISABLE_EXITS: 143,
  KVM_CAP_HALT_POLL: 182,
  KVM_CAP_EXIT_ON_EMULATION_FAILURE: 204,
} as const;

/** A capability's name, with or without its KVM_CAP_ prefix. */
export type CapabilityName = keyof typeof capabilities | Unprefixed<keyof typeof capabilities>;

type Unprefixed<Name extends string> = Name extends `KVM_CAP_${infer Rest}` ? Rest : never;

/** The number of a capability. Throws TypeError for a name that is not in the table. */
export function capabilityNumber(capability: CapabilityName | number): number {
  if (typeof capability === 'number') {
    if (!Number.isInteger(capability) || capability < 0 || capability > 0x7fff_ffff) {
      throw new RangeError(`capability: ${capability} is not in 0 to 0x7fffffff`);
    }
    return capability;
  }
  const name = String(capability);
  const table: Readonly<Record<string, number>> = capabilities;
  const number = Object.hasOwn(table, name) ? table[name] : table[`KVM_CAP_${name}`];
  if (number === undefined)
    throw new TypeError(`capability: '${name}' is not a name this package knows: give its number`);
  return number;
}
