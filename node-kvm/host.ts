import { existsSync } from 'node:fs';

/** What KVM stands on: Intel VT-x, AMD SVM, or page tables alone (pvm, where the guest's kernel code is emulated). */
export type KvmBackend = 'vmx' | 'svm' | 'pvm' | 'unknown';

const modules: readonly (readonly [module: string, backend: KvmBackend])[] = [
  ['kvm_pvm', 'pvm'],
  ['kvm_intel', 'vmx'],
  ['kvm_amd', 'svm'],
];

/** Which KVM module this host runs, from /sys/module; 'unknown' where none is loaded. */
export function kvmBackend(): KvmBackend {
  return modules.find(([module]) => existsSync(`/sys/module/${module}`))?.[1] ?? 'unknown';
}
