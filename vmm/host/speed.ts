import type { AcceleratorChoice } from '../accelerators/choose.ts';
import { chooseAccelerator } from '../accelerators/choose.ts';
import type { LinuxImage } from '../boot/linux-image.ts';
import { loadLinux, memoryNeeded } from '../boot/load-linux.ts';
import { memoryMap } from '../memory-map.ts';

const MEMORY = 32 * 2 ** 20;
const LOAD_ADDRESS = 0x100_0000;
const REPORT_PORT = 0x80;
const ROUNDS = 100_000;
const INSTRUCTIONS_PER_ROUND = 2;

/** How long is measured, and how long is waited for a first report, in milliseconds. */
const MEASURE_MS = 500;
const LIMIT_MS = 5000;

/** Counts down in ECX and reports at a port, for ever; the same bytes mean the same in 32-bit and 64-bit mode. */
const COUNTING_KERNEL = Uint8Array.of(
  // mov dx, REPORT_PORT
  ...[0x66, 0xba, REPORT_PORT, 0],
  // mov ecx, ROUNDS
  ...[0xb9, ROUNDS & 0xff, (ROUNDS >> 8) & 0xff, (ROUNDS >> 16) & 0xff, 0],
  // dec ecx; jnz to it
  ...[0xff, 0xc9, 0x75, 0xfc],
  // out dx, al; jmp to the mov of ecx
  ...[0xee, 0xeb, 0xf4],
);

/**
 * Measures for about half a second how many instructions of kernel code an accelerator executes in a second.
 *
 * Rejects with HostError where this host does not have it, with Error where nothing is executed.
 */
export async function kernelSpeed(accel: AcceleratorChoice['kind']): Promise<number> {
  const choice = await chooseAccelerator({ accel });
  const kernel = countingKernel(choice);
  const map = memoryMap(MEMORY, memoryNeeded(kernel));
  const accelerator = await choice.create({ ram: map.ram, cpus: 1 });
  let limit: NodeJS.Timeout | undefined;
  try {
    const { memory } = accelerator;
    const entry = loadLinux({ kernel, cmdline: '', memory, map, cpus: 1, pciInterrupts: [] });
    return await new Promise<number>((resolve, reject) => {
      let [first, reports] = [0, 0];
      const write = (): void => {
        const now = performance.now();
        if (reports++ === 0) first = now;
        else if (now - first >= MEASURE_MS) {
          resolve(((reports - 1) * ROUNDS * INSTRUCTIONS_PER_ROUND * 1000) / (now - first));
        }
      };
      limit = setTimeout(() => reject(new Error(`no guest code was executed within ${LIMIT_MS} ms`)), LIMIT_MS);
      accelerator.onStop((stop) => reject(new Error(stop.reason === 'error' ? stop.message : stop.reason)));
      accelerator.start(entry, { read: () => 0, write });
    });
  } finally {
    clearTimeout(limit);
    await accelerator.close();
  }
}

function countingKernel({ bits }: AcceleratorChoice): LinuxImage {
  const { length } = COUNTING_KERNEL;
  return {
    kind: 'vmlinux',
    bits,
    program: {
      entry: LOAD_ADDRESS,
      segments: [{ address: LOAD_ADDRESS, bytes: COUNTING_KERNEL, memoryLength: length }],
      end: LOAD_ADDRESS + length,
    },
  };
}
