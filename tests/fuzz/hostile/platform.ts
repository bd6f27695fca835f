import { Bus } from '../../../devices/bus.ts';
import { ConfigMechanism1 } from '../../../devices/pci/config-mechanism.ts';
import { hostBridge } from '../../../devices/pci/host-bridge.ts';
import { PciBus } from '../../../devices/pci/pci-bus.ts';
import { pvpanic } from '../../../devices/pci/pvpanic.ts';
import { Cmos } from '../../../devices/platform/cmos.ts';
import { pm1ControlPort, resetControlPort, systemControlA } from '../../../devices/platform/control-ports.ts';
import { I8042 } from '../../../devices/platform/i8042.ts';
import { postCodePort, systemControlB } from '../../../devices/platform/odd-ports.ts';
import { Pit } from '../../../devices/platform/pit.ts';
import { SerialPort } from '../../../devices/platform/serial.ts';
import type { BusTarget } from '../../../devices/ports.ts';
import { Signals } from './rig.ts';
import { type Operations, Window } from './window.ts';

/** The old parts of a PC, each a window of the ports it has; and PCI as they lead to it. */
export interface Platform {
  readonly windows: readonly Window[];
  /** Something happens outside: time passes, a key is typed, output can go on. */
  event(which: number): void;
}

/** What a program may type or paste at once. */
const INPUT = Uint8Array.from({ length: 40 }, (_, i) => i);
const STEPS_MS = [0, 0.0005, 1, 55, 3_600_000];

export function platform(count: Operations): Platform {
  const { line } = new Signals();
  const control = { request: () => {} };
  let nowMs = 1_700_000_000_000;
  const clock = { now: () => nowMs, monotonicMs: () => nowMs - 1_700_000_000_000 };
  const later: (() => void)[] = [];
  let takesOutput = true;
  const serial = new SerialPort({
    line,
    defer: (work) => void later.push(work),
    transmit: () => takesOutput,
    readyForInput: () => {},
  });
  const pit = new Pit({ clock, line });
  const keyboard = new I8042({ control, line });
  const [ports, memory] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const bus = new PciBus({ ports, memory, interrupts: [line] });
  bus.attach(hostBridge(), 0);
  bus.attach(pvpanic(control), 1);
  const parts: readonly (readonly [BusTarget, number])[] = [
    [serial, 8],
    [new Cmos({ clock, lowMemory: 2 ** 28, highMemory: 0 }), 2],
    [keyboard.dataPort, 1],
    [keyboard.commandPort, 1],
    [pit, 4],
    [systemControlB(pit), 1],
    [systemControlA(control), 1],
    [pm1ControlPort(control), 2],
    [postCodePort(), 1],
    [new ConfigMechanism1(bus, { resetControl: resetControlPort(control) }), 8],
    [{ ...target(memory), name: 'memory bus' }, 2 ** 32],
  ];
  return {
    windows: parts.map(([part, length]) => new Window(part.name, part, { length, rows: [], count })),
    event(which) {
      nowMs += STEPS_MS[which % STEPS_MS.length] ?? 0;
      if ((which & 8) !== 0) serial.receive(INPUT.subarray(0, which & 31));
      takesOutput = (which & 16) === 0;
      if (takesOutput) serial.resumeOutput();
      pit.run();
      for (const work of later.splice(0)) work();
    },
  };
}

function target(bus: Bus): BusTarget {
  return {
    name: bus.name,
    read: (offset, width) => bus.read(offset, width),
    write: (offset, width, value) => bus.write(offset, width, value),
  };
}
