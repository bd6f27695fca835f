/** The options of `npm run bench`. */
import { parseArgs } from 'node:util';
import { UsageError } from '../../vmm/usage-error.ts';
import type { Accel } from './machines.ts';
import { type Operation, operationOf, USUAL_OPERATIONS } from './operations.ts';

/** The machines of one table: so much RAM in MiB, so many virtio-9p devices, so many fids held meanwhile. */
export interface Setup {
  readonly ram: number;
  readonly devices: number;
  readonly fids: number;
}

/** What was asked for. */
export interface Options {
  readonly runs: number;
  /** How long one operation is measured, and warmed up before, in milliseconds. */
  readonly ms: number;
  readonly warm: number;
  readonly operations: readonly Operation[];
  readonly boot: boolean;
  /** The first has the first of each list; the others differ from it in one thing each. */
  readonly setups: readonly Setup[];
  /** Options of tsvmm's device, each of which gets a column of its own beside the one without. */
  readonly variants: readonly string[];
  readonly accel: Accel | 'auto';
  /** The program, or nothing. */
  readonly qemu: string | undefined;
  readonly json?: string;
  readonly chart?: string;
}

/** The same, once it is known what this host has. */
export type Settled = Options & { readonly accel: Accel };

/** What `--help` prints. */
export const HELP = `npm run bench -- [OPTIONS]: tsvmm beside QEMU and bare system calls, by turns, in one run

  --only OP[:DEPTH][,...]   some measurements alone; boot is one. Usual:
                            ${USUAL_OPERATIONS.slice(0, 6).join(',')},
                            ${USUAL_OPERATIONS.slice(6).join(',')},boot
  --runs N                  how often each is measured (5); medians are told
  --ms N, --warm N          how long an operation is measured (500), and warmed up before (1000)
  --ram SIZE[,SIZE]         RAM of the machines in MiB, or as in 8G (256)
  --devices N[,N]           virtio-9p devices of the machines, 1 to 16 (1); one of them works
  --fids N[,N]              fids that are held meanwhile (0)
                            of each, several: a table more for each, all else being the first
  --variant KEY=VALUE[,..]  one more column: tsvmm with these options of its device; repeatable (poll-us=0);
                            none: without
  --qemu PROGRAM|none       QEMU, or without it (qemu-system-x86_64)
  --accel kvm|qtest|tcg     kvm where there is /dev/kvm; else qtest, machines without a CPU that a program of this host's
                            drives: the devices alone, whatever runs guests; tcg: QEMU alone, in its interpreter
  --json FILE               all figures, those of each run too
  --chart FILE              an SVG of the ratios`;

/** Reads the arguments behind the command; undefined where help is asked for. @throws UsageError */
export function readArguments(args: readonly string[]): Options | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  const accel = values.accel;
  if (!isAccel(accel)) throw new UsageError(`--accel is '${accel}'; give kvm, qtest or tcg`);
  if (accel === 'tcg' && values.qemu === 'none') {
    throw new UsageError('--accel tcg is QEMU alone, and --qemu none is none; leave out one of them');
  }
  const asked = values.only === undefined ? [...USUAL_OPERATIONS, 'boot'] : list('only', values.only);
  const rams = list('ram', values.ram).map(ramOf);
  const devices = list('devices', values.devices).map((text) => whole('devices', text, 1, 16));
  const fids = list('fids', values.fids).map((text) => whole('fids', text, 0, 1_000_000));
  return {
    runs: whole('runs', values.runs, 1, 1000),
    ms: whole('ms', values.ms, 1, 60_000),
    warm: whole('warm', values.warm, 0, 60_000),
    operations: asked.filter((name) => name !== 'boot').map(operationOf),
    boot: asked.includes('boot'),
    setups: setupsOf(rams, devices, fids),
    variants: values.variant.filter((text) => text !== 'none').map(variantOf),
    accel,
    qemu: values.qemu === 'none' ? undefined : values.qemu,
    ...(values.json !== undefined && { json: values.json }),
    ...(values.chart !== undefined && { chart: values.chart }),
  };
}

const isAccel = (text: string): text is Options['accel'] => ['auto', 'kvm', 'qtest', 'tcg'].includes(text);

function setupsOf(
  [ram = 0, ...rams]: number[],
  [devices = 0, ...counts]: number[],
  [fids = 0, ...held]: number[],
): Setup[] {
  const first = { ram, devices, fids };
  return [
    first,
    ...rams.map((other) => ({ ...first, ram: other })),
    ...counts.map((other) => ({ ...first, devices: other })),
    ...held.map((other) => ({ ...first, fids: other })),
  ];
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        runs: { type: 'string', default: '5' },
        ms: { type: 'string', default: '500' },
        warm: { type: 'string', default: '1000' },
        ram: { type: 'string', default: '256' },
        devices: { type: 'string', default: '1' },
        fids: { type: 'string', default: '0' },
        variant: { type: 'string', multiple: true, default: ['poll-us=0'] },
        qemu: { type: 'string', default: 'qemu-system-x86_64' },
        accel: { type: 'string', default: 'auto' },
        json: { type: 'string' },
        chart: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function list(name: string, text: string): string[] {
  const items = text.split(',');
  if (items.includes('')) throw new UsageError(`--${name} is '${text}', with an item that is empty; leave it out`);
  const twice = items.find((item, index) => items.indexOf(item) !== index);
  if (twice !== undefined) throw new UsageError(`--${name} has '${twice}' twice; leave one out`);
  return items;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} has '${text}'; give a whole number from ${least} to ${most}`);
}

function ramOf(text: string): number {
  const [, digits, unit] = /^(\d+)([MG]?)$/i.exec(text) ?? [];
  const mib = Number(digits) * (unit?.toUpperCase() === 'G' ? 1024 : 1);
  if (mib >= 64 && mib <= 60 * 1024) return mib;
  throw new UsageError(`--ram has '${text}'; give 64 to 61440 MiB, or a number of GiB as in 8G`);
}

function variantOf(text: string): string {
  if (/^[^=,]+=[^=,]*(,[^=,]+=[^=,]*)*$/.test(text)) return text;
  throw new UsageError(`--variant is '${text}'; give options of the device as in KEY=VALUE,KEY=VALUE, or none`);
}
