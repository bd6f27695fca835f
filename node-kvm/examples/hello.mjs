// A guest of five instructions that writes a line to port 0x3f8 and halts.
import { GuestMemory, Kvm } from 'node-kvm';

// mov si,0x100c; mov cx,6; mov dx,0x3f8; rep outsb; hlt
const code = [0xbe, 0x0c, 0x10, 0xb9, 0x06, 0x00, 0xba, 0xf8, 0x03, 0xf3, 0x6e, 0xf4];
const kvm = Kvm.open();
const vm = kvm.createVm();
const memory = new GuestMemory(0x10000);
memory.view(0x1000, code.length).set(code);
memory.view(0x100c, 6).set(new TextEncoder().encode('Hello\n'));
vm.setUserMemoryRegion(0, 0n, memory);

const vcpu = vm.createVcpu(0);
const sregs = vcpu.getSregs();
vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } });
vcpu.setRegs({ ...vcpu.getRegs(), rip: 0x1000n, rflags: 2n });
vcpu.start((exit) => {
  if (exit.reason === 'io') process.stdout.write(exit.data.slice());
  if (exit.reason !== 'hlt') return vcpu.resume();
  for (const part of [vcpu, vm, memory, kvm]) part.close();
});
