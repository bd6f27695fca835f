/** The inspector over a machine without a CPU: what holds it holds the answers of its client. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { type InspectedRun, inspectedRun, type Watcher, watch } from '../support/inspected-run.ts';
import { ask, connect } from './line-client.ts';

jest.setTimeout(300_000);

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-qtest-inspect-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const VENDOR_OF_SLOT_4 = 0x8000_2000;
const VIRTIO_9P = 'OK 0x10091af4';
const SETTLE_MS = 300;

describe('the inspector of a machine without a CPU', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(inspect: string): Promise<{ run: InspectedRun; page: Watcher; client: Socket }> {
    const path = join(scratch, `socket-${Math.random()}`);
    const run = await inspectedRun([
      ...['-accel', 'qtest', '-qtest', `unix:${path},server=on,wait=off`, '-inspect', inspect],
      ...['-fsdev', 'synth,id=fs0', '-device', 'virtio-9p-pci,fsdev=fs0,mount_tag=qtest,addr=04.0'],
    ]);
    closing.push(() => run.process.kill('SIGKILL'));
    const page = await watch(run.url);
    closing.push(() => page.close());
    const client = await connect(path);
    closing.push(() => client.destroy());
    return { run, page, client };
  }

  /** Asks for the vendor of slot 4. */
  async function findDevice(client: Socket): Promise<string | undefined> {
    await ask(client, `outl 0xcf8 ${VENDOR_OF_SLOT_4}`);
    return ask(client, 'inl 0xcfc');
  }
  const withinMoments = (answer: Promise<string | undefined>) =>
    Promise.race([answer, new Promise((resolve) => setTimeout(resolve, SETTLE_MS, 'no answer'))]);

  test('shows what the client does, beginning with its first access, and says what it waits for', async () => {
    const { run, page, client } = await start('0,wait=on');
    expect(run.errors()).toBe(
      `tsvmm: inspect: the client is answered when a page at this address lets it: ${run.url}\n`,
    );
    const answer = findDevice(client);
    await page.becomes('standing');
    await page.until(() => page.seen.length === 3);
    expect(page.seen.map(({ kind }) => kind)).toEqual(['plugged', 'machine', 'config-read']);
    expect(page.seen[2]?.fields).toMatchObject({ slot: 4, text: 'vendor_id = 0x1af4, device_id = 0x1009' });
    expect(await withinMoments(answer)).toBe('no answer');
    page.resume();
    expect(await answer).toBe(VIRTIO_9P);
  });

  test('steps to an access, which is answered at the next step; a paused one is answered when it goes on', async () => {
    const { page, client } = await start('0');
    expect(await findDevice(client)).toBe(VIRTIO_9P);
    const write = page.step({ kinds: ['config-write'] });
    await page.until(() => page.state()?.awaiting !== undefined);
    await ask(client, 'outl 0xcf8 0x80002004');
    expect(await ask(client, 'inl 0xcfc')).toBe('OK 0x100000');
    const answer = ask(client, 'outw 0xcfc 0x6');
    expect(await write).toMatchObject({ kind: 'config-write', fields: { slot: 4, offset: 4, value: 6 } });
    expect(await withinMoments(answer)).toBe('no answer');
    page.resume();
    expect(await answer).toBe('OK');
    page.pause();
    await page.becomes('standing');
    const later = ask(client, 'inl 0xcfc');
    expect(await withinMoments(later)).toBe('no answer');
    page.close();
    // Three seconds after its last page has gone.
    expect(await later).toBe('OK 0x100006');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it while it stands', async (signal) => {
    const { run, page, client } = await start('0,wait=on');
    void findDevice(client);
    await page.becomes('standing');
    const exit = once(run.process, 'exit');
    run.process.kill(signal);
    // SIGINT lets it go on first, and has its usual effect then.
    expect(await exit).toEqual(signal === 'SIGINT' ? [0, null] : [null, 'SIGTERM']);
  });
});
