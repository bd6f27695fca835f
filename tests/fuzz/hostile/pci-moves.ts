import type { AccessWidth } from '../../../devices/ports.ts';
import type { Random } from '../../support/random.ts';
import type { Move } from './moves.ts';
import { access, anyValue } from './register-moves.ts';
import type { PciReach } from './rig.ts';
import type { World } from './world.ts';

/** What a driver can do with a PCI function beside the registers of its device. */

const COMMAND = 0x04;
const WIDTHS: readonly AccessWidth[] = [1, 2, 4];
/** Addresses for a BAR: good places, RAM, interrupt controllers, other BARs, the ends of what can be decoded, sizing. */
const PLACES: readonly number[] = [
  0, 0x1000, 0xc000, 0xc100, 0xcf8, 0xfff0, 0xe000_0000, 0xe000_4000, 0xe004_0000, 0xfec0_0000, 0xfee0_0000,
  0xffff_f000, 0xffff_ffff,
];
const COMMANDS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 0x407, 0xffff];
const CONTROLS: readonly number[] = [0, 0x8000, 0x8000, 0x4000, 0xc000, 0xffff];

function reachOf({ rig }: World): PciReach {
  if (rig.pci === undefined) throw new Error('this is no PCI function');
  return rig.pci;
}

/** Reads or writes what lies behind a BAR, by the address it has at the moment. */
function throughBus({ config, memory, ports, bars }: PciReach, random: Random): string {
  const { register, memory: isMemory, length } = random.pick(bars);
  const low = config.read(register, 4);
  const high = isMemory && (low & 6) === 4 ? config.read(register + 4, 4) : 0;
  const base = (high % 2 ** 14) * 2 ** 32 + (low - (low % (isMemory ? 16 : 4)));
  const bus = isMemory ? memory : ports;
  const width = random.pick(WIDTHS);
  const at = Math.min(bus.length - width, base + random.below(random.oneIn(8) ? 2 * length : length));
  if (random.oneIn(2)) return `${bus.name}: 0x${at.toString(16)} is ${bus.read(at, width)}`;
  const value = anyValue(random) % 2 ** (8 * width);
  bus.write(at, width, value);
  return `${bus.name}: 0x${at.toString(16)} := ${value}`;
}

/** The capability through which BARs are reached: pointed somewhere, and used. */
function throughAccess({ config, access: at, bars }: PciReach, random: Random): string {
  if (at === undefined) return 'nothing: there is no such capability';
  const bar = random.oneIn(4) ? random.below(8) : (random.pick(bars).register - 0x10) / 4;
  const length = random.oneIn(5) ? random.pick([0, 3, 5, 8, 0xffff_ffff]) : random.pick(WIDTHS);
  const range = bars.find(({ register }) => register === 0x10 + 4 * bar)?.length ?? 64;
  const offset = random.oneIn(6) ? anyValue(random) : 4 * random.below(range / 4);
  config.write(at + 4, 1, bar);
  config.write(at + 8, 4, offset);
  config.write(at + 12, 4, length);
  const width = random.pick(WIDTHS);
  if (random.oneIn(2)) config.read(at + 16, width);
  else config.write(at + 16, width, anyValue(random) % 2 ** (8 * width));
  return `BAR ${bar}, ${length} bytes at ${offset}`;
}

export const PCI_MOVES: readonly Move[] = [
  {
    name: 'command',
    harm: true,
    alive: 3,
    dead: 6,
    run(world, random) {
      const command = random.pick(COMMANDS);
      reachOf(world).config.write(COMMAND, 2, command);
      return `0x${command.toString(16)}`;
    },
  },
  {
    name: 'move a BAR',
    harm: true,
    alive: 3,
    dead: 3,
    run(world, random) {
      const { config, bars } = reachOf(world);
      const { register } = random.pick(bars);
      const address = random.pick(PLACES);
      const half = random.oneIn(4) ? 4 : 0;
      config.write(
        register + half,
        4,
        half === 4 ? random.pick([0, 0, 1, 0x3fff, 0x4000, 0x1f_ffff, 2 ** 32 - 1]) : address,
      );
      return `the register at ${register + half} := 0x${address.toString(16)}`;
    },
  },
  {
    name: 'MSI-X control',
    harm: true,
    alive: 5,
    dead: 4,
    run(world, random) {
      const { config, msixControl } = reachOf(world);
      if (msixControl === undefined) return 'nothing: there is no MSI-X';
      const control = random.pick(CONTROLS);
      config.write(msixControl, 2, control);
      return `0x${control.toString(16)}`;
    },
  },
  {
    name: 'MSI-X table',
    alive: 6,
    dead: 4,
    run(world, random) {
      const { table } = reachOf(world);
      return table === undefined ? 'nothing: there is no MSI-X' : access(table, random);
    },
  },
  { name: 'through the bus', alive: 6, dead: 6, run: (world, random) => throughBus(reachOf(world), random) },
  { name: 'through the capability', alive: 6, dead: 6, run: (world, random) => throughAccess(reachOf(world), random) },
  {
    name: 'configuration space',
    harm: true,
    alive: 6,
    dead: 6,
    run: (world, random) => access(reachOf(world).config, random),
  },
];
