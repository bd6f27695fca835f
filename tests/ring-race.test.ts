import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import type { RaceData, RaceReport } from './support/ring-race-worker.ts';

const REQUESTS = 60_000;

const code = buildSync({
  entryPoints: [fileURLToPath(new URL('support/ring-race-worker.ts', import.meta.url))],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
}).outputFiles[0]?.text;

function start(data: RaceData): Worker {
  return new Worker(code ?? '', { eval: true, workerData: data });
}

function next<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function race(size: number, eventIdx: boolean, packed: boolean): Promise<RaceReport[]> {
  const data: Omit<RaceData, 'role'> = {
    ram: new SharedArrayBuffer(1 << 16),
    bells: new SharedArrayBuffer(12),
    areas: { desc: 0, driver: 0, device: 0 } as RaceData['areas'],
    size,
    eventIdx,
    packed,
    requests: REQUESTS,
  };
  const driver = start({ ...data, role: 'driver' });
  const areas = await next<RaceData['areas']>(driver);
  const driverReport = next<RaceReport>(driver);
  const device = start({ ...data, areas, role: 'device' });
  try {
    return await Promise.all([driverReport, next<RaceReport>(device)]);
  } finally {
    await Promise.all([driver.terminate(), device.terminate()]);
  }
}

describe('with driver and device on threads of their own, no wake-up is lost and no data torn', () => {
  test.each([
    { size: 2, eventIdx: false, packed: false },
    { size: 2, eventIdx: true, packed: false },
    { size: 64, eventIdx: false, packed: false },
    { size: 64, eventIdx: true, packed: false },
    { size: 3, eventIdx: false, packed: true },
    { size: 3, eventIdx: true, packed: true },
    { size: 50, eventIdx: false, packed: true },
    { size: 50, eventIdx: true, packed: true },
  ])(
    '%j',
    async ({ size, eventIdx, packed }) => {
      const [driver, device] = await race(size, eventIdx, packed);
      expect(driver).toEqual({ role: 'driver', requests: REQUESTS, rings: expect.any(Number) });
      expect(device).toEqual({ role: 'device', requests: REQUESTS, rings: expect.any(Number) });
      // Suppression has an effect: neither side rings for every request, and both do ring.
      for (const { rings } of [driver, device] as RaceReport[]) {
        expect(rings).toBeGreaterThan(0);
        expect(rings).toBeLessThanOrEqual(REQUESTS);
      }
    },
    60_000,
  );
});
