/**
 * One side of a virtqueue on a thread of its own: driver and device share memory and nothing else, and sleep until the
 * other side rings. A lost wake-up shows as a sleep that runs out.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { RingPlace } from '../../devices/virtio/fake-driver/driver-virtqueue.ts';
import { Arena, GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { makeDriverQueue } from '../../devices/virtio/fake-driver/make-driver-queue.ts';
import { RING_FEATURE } from '../../devices/virtio/queue-layout.ts';
import { QueueSetup } from '../../devices/virtio/queue-setup.ts';
import { RequestServer } from '../../devices/virtio/request-server.ts';
import { isRingFault } from '../../devices/virtio/ring-fault.ts';
import { RingPoller } from '../../devices/virtio/ring-poller.ts';
import type { Chain, Virtqueue } from '../../devices/virtio/virtqueue.ts';

/** What both threads get. */
export interface RaceData {
  readonly role: 'driver' | 'device';
  readonly ram: SharedArrayBuffer;
  /** Words: kicks, interrupts, whether the driver is done. */
  readonly bells: SharedArrayBuffer;
  readonly areas: RingPlace['areas'];
  readonly size: number;
  readonly packed: boolean;
  readonly eventIdx: boolean;
  readonly inOrder: boolean;
  readonly requests: number;
  /** How often a side that found nothing looks again before it asks to be woken: with none it sleeps as early, with many as late as can be. */
  readonly spins: number;
  /** A pause longer than this is a lost wake-up. */
  readonly lostMs: number;
  /** The device is a server on its event loop, which polls for so many microseconds; absent, a loop around the bare queue. */
  readonly pollUs?: number | undefined;
  /** The way of kicks to an event loop. */
  readonly kicks?: MessagePort;
}

/** What each thread reports at its end. */
export interface RaceReport {
  readonly role: RaceData['role'];
  readonly requests: number;
  readonly rings: number;
  /** What went wrong, if anything. */
  readonly failure?: string;
}

const KICKS = 0;
const INTERRUPTS = 1;
const DONE = 2;
const data: RaceData = workerData;
const bells = new Int32Array(data.bells);
const ram = new GuestRam([{ base: 0, length: data.ram.byteLength }], [data.ram]);

function ring(bell: number): void {
  Atomics.add(bells, bell, 1);
  Atomics.notify(bells, bell);
  if (bell === KICKS) data.kicks?.postMessage(0);
}

function report(requests: number, rings: number, failure?: string): void {
  const told: RaceReport = { role: data.role, requests, rings, ...(failure !== undefined && { failure }) };
  parentPort?.postMessage(told);
}

/** A request is 8 bytes with its number; the reply repeats it. */
function drive(): void {
  const arena = new Arena(ram, 0, data.ram.byteLength);
  const queue = makeDriverQueue(arena, {
    size: data.size,
    packed: data.packed,
    eventIdx: data.eventIdx,
    inOrder: data.inOrder,
  });
  const slots = Array.from({ length: Math.floor(data.size / 2) }, () => ({
    request: { address: arena.allocate(8), length: 8 },
    reply: { address: arena.allocate(8), length: 8 },
  }));
  const word = (address: (typeof slots)[number]['reply']['address']): Float64Array => {
    const bytes = arena.bytes(address, 8);
    return new Float64Array(bytes.buffer, bytes.byteOffset, 1);
  };
  parentPort?.postMessage(queue.ring.areas);

  const byHead = new Map<number, { readonly slot: (typeof slots)[number]; readonly number: number }>();
  let [sent, received, kicks, spins] = [0, 0, 0, 0];
  while (received < data.requests) {
    const seen = Atomics.load(bells, INTERRUPTS);
    queue.suppressInterrupts();
    // A burst of varying size, so that every distance between the two sides comes up.
    for (let burst = 1 + ((sent * 7) % 5); burst > 0 && sent < data.requests; burst -= 1) {
      const slot = slots.pop();
      if (slot === undefined) break;
      word(slot.request.address)[0] = sent;
      byHead.set(queue.add([slot.request], [slot.reply]) ?? -1, { slot, number: sent });
      sent += 1;
      if (queue.publish()) {
        kicks += 1;
        ring(KICKS);
      }
    }
    const before = received;
    for (let used = queue.takeUsed(); used !== undefined; used = queue.takeUsed()) {
      const pending = byHead.get(used.id);
      if (pending === undefined || used.len !== 8 || word(pending.slot.reply.address)[0] !== pending.number) {
        report(received, kicks, `request ${pending?.number} came back wrong`);
        return;
      }
      byHead.delete(used.id);
      slots.push(pending.slot);
      received += 1;
    }
    spins = received === before ? spins + 1 : 0;
    if (spins <= data.spins || queue.allowInterrupts()) continue;
    spins = 0;
    if (byHead.size > 0 && Atomics.wait(bells, INTERRUPTS, seen, data.lostMs) === 'timed-out') {
      report(received, kicks, `no interrupt came for ${byHead.size} requests`);
      return;
    }
  }
  Atomics.store(bells, DONE, 1);
  ring(KICKS);
  report(received, kicks);
}

function deviceQueue(): Virtqueue {
  const setup = new QueueSetup(0, 2 ** Math.ceil(Math.log2(data.size)));
  setup.setSize(data.size);
  setup.setAddress('desc', BigInt(data.areas.desc));
  setup.setAddress('driver', BigInt(data.areas.driver));
  setup.setAddress('device', BigInt(data.areas.device));
  setup.writeEnable(1);
  const queue = setup.activate(
    ram,
    (data.eventIdx ? RING_FEATURE.eventIdx : 0n) |
      (data.packed ? RING_FEATURE.packed : 0n) |
      (data.inOrder ? RING_FEATURE.inOrder : 0n),
  );
  if (isRingFault(queue)) throw new Error(queue.message);
  return queue;
}

/** As a machine serves its device: kicks come through the event loop, and so do the turns of the poller. */
function serveOnEventLoop(pollUs: number): void {
  const queue = deviceQueue();
  const defer = (work: () => void) => void setImmediate(work);
  const polling = new RingPoller({ defer, now: () => performance.now() }).upTo(pollUs);
  let [served, interrupts] = [0, 0];
  const server = new RequestServer({
    context: {
      memory: ram,
      features: 0n,
      queue: () => queue,
      notifyUsed: (used) => {
        if (!used.takeInterrupt()) return;
        interrupts += 1;
        ring(INTERRUPTS);
      },
      notifyConfigChange: () => {},
      needsReset: (why) => report(served, interrupts, why),
    },
    queue: 0,
    defer,
    polling,
    answer: ({ readable: [request], writable: [reply] }) => {
      if (request !== undefined) reply?.set(request);
      served += 1;
      return 8;
    },
  });
  const lost = (): void => {
    report(served, interrupts, `no kick came after ${served} requests`);
    data.kicks?.close();
  };
  let patience = setTimeout(lost, data.lostMs);
  data.kicks?.on('message', () => {
    clearTimeout(patience);
    if (Atomics.load(bells, DONE) === 0) {
      patience = setTimeout(lost, data.lostMs);
      server.notify();
      return;
    }
    void server.stop();
    report(served, interrupts);
    data.kicks?.close();
  });
}

function serve(): void {
  const queue = deviceQueue();
  let [served, interrupts] = [0, 0];
  const taken: Chain[] = [];
  while (Atomics.load(bells, DONE) === 0) {
    const seen = Atomics.load(bells, KICKS);
    do {
      queue.suppressKicks();
      for (let chain = queue.pop(); chain !== 'empty'; chain = queue.pop()) {
        if (chain.kind === 'fault') {
          report(served, interrupts, chain.message);
          return;
        }
        const [request] = chain.readable;
        if (request !== undefined) chain.writable[0]?.set(request);
        taken.push(chain);
      }
      served += taken.length;
      // The last first, so that an order has to be kept by the queue.
      for (let chain = taken.pop(); chain !== undefined; chain = taken.pop()) queue.push(chain, 8);
      if (queue.takeInterrupt()) {
        interrupts += 1;
        ring(INTERRUPTS);
      }
    } while (queue.allowKicks());
    if (Atomics.load(bells, DONE) === 0 && Atomics.wait(bells, KICKS, seen, data.lostMs) === 'timed-out') {
      report(served, interrupts, `no kick came after ${served} requests`);
      return;
    }
  }
  report(served, interrupts);
}

if (data.role === 'driver') drive();
else if (data.pollUs === undefined) serve();
else serveOnEventLoop(data.pollUs);
