// One process of npm run bench:ring: the device on the main thread, as in a machine, and a driver beside it in place of a guest.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadHostfs } from 'node-hostfs';
import { EventFd } from 'node-kvm';
import { Bus } from '../../devices/bus.ts';
import { assignBars } from '../../devices/pci/assign-bars.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import { PciBus } from '../../devices/pci/pci-bus.ts';
import type { AccessWidth, Gpa } from '../../devices/ports.ts';
import { GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { RIG_WINDOWS } from '../../devices/virtio/fake-driver/pci-rig.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { VirtioPciTransport } from '../../devices/virtio/pci-transport.ts';
import { RingPoller } from '../../devices/virtio/ring-poller.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { createSession } from '../../ninep/session.ts';
import { IoEventFdDoorbells } from '../../vmm/accelerators/kvm/doorbells.ts';
import { sampleAllocations } from './allocations.ts';
import { areasAt, RING_SIZE } from './bare-ring.ts';
import { BUFFER_BYTES, Driver, type DriverData } from './driver.ts';
import { BESIDE, GETATTR, OPERATIONS } from './operations.ts';
import { slowFifo, withSlowFile } from './slow-file.ts';

/** What one process is to do, as JSON in its one argument. */
export interface Task {
  readonly share: string;
  readonly pollUs: number;
  readonly seconds: number;
  /** Names of operations, `getattr` and so on; all of them unless given. */
  readonly only?: readonly string[];
  /** Devices there are; the first is measured. */
  readonly devices?: number;
  /** Fids held by the measured device beside those in use. */
  readonly fids?: number;
  /** Guest RAM in bytes. */
  readonly ram?: number;
  /** Measured instead of operations: processor time of the device with nobody asking for anything, and one request every 10 ms. */
  readonly idle?: boolean;
  /** Measured instead: what becomes of requests beside a slow file. */
  readonly slow?: boolean;
  /** Also told: what the device allocates for each operation, by the functions of the bundle. */
  readonly allocations?: boolean;
}

interface WorkerTask extends Task {
  readonly drivers: readonly DriverData[];
}

const FIRST_ADDRESS = 1 << 20;
const RING_BYTES = 1 << 16;
const PAGE = 4096;
const IDLE_MS = 2000;
const TRICKLE_MS = 10;
const WARM_UP_S = 0.4;
/** Requests that wait for the slow file at a time. */
const SLOW_REQUESTS = 8;

if (isMainThread) await serve(JSON.parse(process.argv[2] ?? '{}'));
else await drive(workerData);

async function serve(task: Task): Promise<void> {
  const { devices = 1 } = task;
  const least = FIRST_ADDRESS + devices * (RING_BYTES + BUFFER_BYTES);
  const length = Math.max(task.ram ?? 0, PAGE * Math.ceil(least / PAGE));
  const shared = new SharedArrayBuffer(length);
  const ram = new GuestRam([{ base: 0, length }], [shared]);
  const defer = (work: () => void) => void setImmediate(work);
  const poller = new RingPoller({ defer, now: () => performance.now() });
  const polling = task.pollUs > 0 ? poller.upTo(task.pollUs) : undefined;
  const drivers: DriverData[] = [];
  for (let index = 0; index < devices; index += 1) {
    const ring = FIRST_ADDRESS + index * RING_BYTES;
    const hostfs = task.slow === true ? withSlowFile(loadHostfs(), slowFifo()) : undefined;
    const backend = openLocal({ path: task.share, securityModel: 'none', hostfs });
    const device = new P9Device({ mountTag: `share${index}`, handler: createSession(backend), defer, polling });
    const doorbell = plugIn(device, ram, ring);
    drivers.push({ ram: shared, ring, buffers: FIRST_ADDRESS + devices * RING_BYTES + index * BUFFER_BYTES, doorbell });
  }
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...task, drivers } satisfies WorkerTask });
  let sampled = task.allocations === true ? sampleAllocations() : undefined;
  worker.on('message', (line) => {
    console.log(JSON.stringify(line));
    if (sampled === undefined) return;
    const found = sampled();
    sampled = sampleAllocations();
    // What came before the measurement, to compile and to warm up, is not told.
    if (line.operations === undefined) return;
    const perOperation = found.map(([name, bytes]) => [name, bytes / line.operations]);
    console.log(
      JSON.stringify({ name: `${line.name}, depth ${line.depth}, bytes for each`, allocations: perOperation }),
    );
  });
  worker.on('error', (error) => {
    console.error(error);
    process.exitCode = 1;
  });
  worker.on('exit', () => process.exit());
}

/** Puts the device behind a PCI function and brings it to life with its ring at that address; returns its doorbell's eventfd. */
function plugIn(device: P9Device, ram: GuestRam, ring: number): number {
  const [ports, mmio] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const bus = new PciBus({ ports, memory: mmio, interrupts: [{ set: () => {} }] });
  bus.attach(hostBridge(), 0);
  const bells: EventFd[] = [];
  const doorbells = new IoEventFdDoorbells(
    {
      ioeventfd: ({ eventfd }) => {
        if (eventfd instanceof EventFd) bells.push(eventfd);
      },
    },
    (error) => {
      throw error;
    },
  );
  const transport = new VirtioPciTransport({
    device,
    memory: ram,
    doorbells,
    interfaces: { modern: true, legacy: false },
    messages: { send: () => {} },
  });
  bus.attach(transport.pci);
  assignBars(bus, RIG_WINDOWS);
  const config = {
    read: (offset: number, width: AccessWidth) => transport.pci.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => transport.pci.writeConfig(offset, width, value),
  };
  const driver = new PciDriver(config, mmio);
  driver.command(0x0006);
  if (!driver.negotiate(driver.offeredFeatures())) throw new Error('features refused');
  const { desc, driver: avail, device: used } = areasAt(ring);
  driver.setUpQueue(0, { size: RING_SIZE, areas: { desc: desc as Gpa, driver: avail as Gpa, device: used as Gpa } });
  driver.addStatus('DRIVER_OK');
  const [bell] = bells;
  if (bell === undefined) throw new Error('the device has no doorbell');
  return bell.fd;
}

async function drive({
  drivers: all,
  seconds,
  only,
  fids = 0,
  idle = false,
  slow = false,
  allocations = false,
}: WorkerTask): Promise<void> {
  const drivers = all.map((data) => new Driver(data));
  for (const driver of drivers) driver.greet();
  const [driver] = drivers;
  if (driver === undefined) throw new Error('there is no device');
  driver.hold(fids);
  const tell = (line: object) => parentPort?.postMessage(line);
  if (idle) {
    await driver.measure(GETATTR, seconds);
    tell({ name: 'idle', ...(await driver.silence(IDLE_MS)) });
    tell({ name: `one getattr every ${TRICKLE_MS} ms`, ...(await driver.silence(IDLE_MS, TRICKLE_MS)) });
    return;
  }
  if (slow) {
    driver.openSlow();
    for (const operation of [...BESIDE, ...BESIDE]) await driver.measure(operation, seconds / 2);
    for (const operation of BESIDE) {
      const { name, depth } = operation;
      const quiet = await driver.measure(operation, seconds);
      const beside = await driver.measure(operation, seconds, SLOW_REQUESTS);
      tell({ name: `${name} beside a slow file`, depth, quietP99Us: quiet.p99Us, besideP99Us: beside.p99Us });
    }
    return;
  }
  const wanted = OPERATIONS.filter(({ name }) => only?.includes(name) ?? true);
  // What has not been done before has to be compiled.
  for (const operation of wanted) await driver.measure(operation, WARM_UP_S);
  if (allocations) tell({ name: 'warm' });
  for (const operation of wanted) {
    const { name, depth } = operation;
    tell({ name, depth, ...(await driver.measure(operation, seconds)) });
  }
}
