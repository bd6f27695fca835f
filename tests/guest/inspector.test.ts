/**
 * The inspector's page in a real browser, over a real guest. Screenshots of every view stay in a directory beside those of
 * other runs, whose path is printed.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually, PATIENCE_MS } from '../support/eventually.ts';
import { GUEST_TIMEOUT_MS } from '../support/guest.ts';
import { type InspectedRun, inspectedRun } from '../support/inspected-run.ts';
import { launchChromium, withoutChromium } from '../support/page/chromium.ts';

const define = withoutChromium === undefined ? describe : describe.skip;
const PICTURES = process.env.TSVMM_PICTURES ?? join(tmpdir(), 'tsvmm-inspector-pictures');
const FILE_LENGTH = 200_000;

/** What the page showed of the bus at one time. */
interface BusState {
  /** The machine ran, in the page's words. */
  readonly runs: boolean;
  /** Functions shown, and those that the guest had not found. */
  readonly functions: number;
  readonly missing: number;
  /** Reads of their configuration space. */
  readonly reads: number;
}

/** For the page: keeps each state of the bus that it has shown, in `bus`. */
const RECORD_BUS = `
  globalThis.bus = [];
  new MutationObserver(() => {
    const rows = [...document.querySelectorAll('table.data')].find((it) => it.textContent.includes('Found at'))?.tBodies[0]?.rows;
    if (rows === undefined) return;
    const texts = (column) => [...rows].map((row) => row.cells[column].textContent);
    const reads = texts(6).reduce((sum, text) => sum + Number(text.replace(/\\D/g, '')), 0);
    const missing = texts(5).filter((text) => text === 'not yet').length;
    const state = { runs: document.querySelector('[role=status].runs') !== null, functions: rows.length, missing, reads };
    if (JSON.stringify(state) !== JSON.stringify(bus.at(-1))) bus.push(state);
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

/** A page that was there in time: it showed functions before the guest found them, and then one reading after the other. */
const showsFilling = (bus: readonly BusState[]): boolean =>
  (bus[0]?.missing ?? 0) > 0 && new Set(bus.map(({ reads }) => reads)).size > 3;

define(`[browser] the inspector${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`, () => {
  const share = mkdtempSync(join(tmpdir(), 'tsvmm-inspected-'));
  const recording = join(share, '..', `${share.split('/').at(-1)}.rec`);
  let browser: Browser;
  let machine: InspectedRun;
  let page: Page;
  const complaints: string[] = [];

  const newPage = async (): Promise<Page> => {
    const made = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    made.setDefaultTimeout(PATIENCE_MS);
    made.on('pageerror', (error) => complaints.push(String(error)));
    made.on('console', (message) => complaints.push(message.text()));
    return made;
  };
  const text = async (selector: string) => (await page.locator(selector).first().textContent()) ?? '';
  const before = () => page.locator('.before');
  const show = (view: string) => page.getByRole('button', { name: new RegExp(`^${view}`) }).click();
  /** Steps, and waits until the machine stands before another event. */
  const step = async (): Promise<string> => {
    const old = await before().textContent();
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await page.waitForTimeout(20)) {
      const now = (await before().textContent()) ?? '';
      // While it runs there is nothing, or that it stands between two events.
      if (now !== old && /^\d/.test(now)) return now;
    }
    throw new Error(`it never stood again after ${old}`);
  };
  const photograph = async (of: Page, name: string) => {
    mkdirSync(PICTURES, { recursive: true });
    for (const [look, width, theme] of [
      ['light', 1280, 'light'],
      ['dark', 1280, 'dark'],
      ['narrow', 400, 'light'],
    ] as const) {
      await of.setViewportSize({ width, height: 860 });
      const button = of.locator('header button', { hasText: /^(system|light|dark)$/ });
      for (let turns = 0; turns < 3 && (await button.textContent()) !== theme; turns++) await button.click();
      const wide = () => of.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      // What is as wide as there is room learns a frame later how much there is.
      await eventually(async () => expect([name, look, await wide()]).toEqual([name, look, false]));
      await of.screenshot({ path: join(PICTURES, `${name}-${look}.png`) });
      expect([name, look, await wide()]).toEqual([name, look, false]);
    }
    await of.setViewportSize({ width: 1280, height: 860 });
  };
  const views = (of: Page) => of.locator('nav .view-link > span').allTextContents();

  /** Boots a guest with a page open that does not hold it; what the page showed of the bus meanwhile. */
  const busOfBoot = async (): Promise<readonly BusState[]> => {
    const watched = await newPage();
    await watched.addInitScript(RECORD_BUS);
    // Where processors are short the page has them before the guest does.
    const booting = await inspectedRun(
      [
        ...['run', '--accel', 'software', '-m', '512M', '--inspect', '0'],
        ...['--virtfs', `local,path=${share},mount_tag=host,readonly=on`, '--', 'sh', '-c', 'echo up; read go'],
      ],
      { urgent: false },
    );
    /** Waits for a state of the bus, and gives all up to then. */
    const busUntil = async (holds: (states: readonly BusState[]) => boolean): Promise<readonly BusState[]> => {
      for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await watched.waitForTimeout(20)) {
        const states = await watched.evaluate<BusState[]>('bus');
        if (holds(states)) return states;
      }
      throw new Error('the bus was never shown so');
    };
    try {
      await watched.goto(booting.url);
      await busUntil((states) => states.length > 0);
      await photograph(watched, 'booting');
      return await busUntil((states) => states.at(-1)?.missing === 0 && booting.output() === 'up\n');
    } finally {
      booting.process.kill('SIGKILL');
      await watched.close();
    }
  };

  beforeAll(async () => {
    writeFileSync(join(share, 'file'), Buffer.alloc(FILE_LENGTH, 'read me\n'));
    browser = await launchChromium();
    const shared = ['--accel', 'software', '--virtfs', `local,path=${share},mount_tag=host,readonly=on`];
    machine = await inspectedRun([
      ...['run', '-m', '128M', '--inspect', '0,wait=on', '--record', recording],
      ...shared,
      ...['--', 'sh', '-c', 'read go; dd if=/mnt/host/file bs=512 of=/dev/null 2>/dev/null; echo done; read go'],
    ]);
    page = await newPage();
    await page.goto(machine.url);
  }, GUEST_TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    machine?.process.kill('SIGKILL');
    rmSync(share, { recursive: true, force: true });
    rmSync(recording, { force: true });
    console.log(`screenshots: ${PICTURES}`);
  }, GUEST_TIMEOUT_MS);

  test(
    'opened before the guest runs, it shows the bus, and takes the token out of the address',
    async () => {
      await page.waitForSelector('[role=status].stands');
      expect(page.url()).not.toContain('token');
      await eventually(async () => {
        expect(await text('main, .view')).toMatch(/virtio-9p/);
        expect(await before().textContent()).toMatch(/config-(read|write)/);
      });
      await page.reload();
      await page.waitForSelector('[role=status].stands');
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'steps through the first configuration cycles, then Tversion and Tattach of the mount',
    async () => {
      expect(await step()).toMatch(/config-/);
      expect(await step()).toMatch(/config-/);
      await page.getByLabel('Device').selectOption('host');
      await page.locator('.control select').selectOption('request');
      await page.getByRole('checkbox', { name: 'of host' }).check();
      expect(await step()).toMatch(/request host Tversion/);
      expect(await step()).toMatch(/request host Tattach/);
      await photograph(page, 'standing');
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'shows every view while the guest reads a file; one Tread is followed from kick to interrupt',
    async () => {
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.waitForSelector('[role=status].runs');
      machine.process.stdin.write('go\n');
      await eventually(() => expect(machine.output()).toContain('done'));
      const shown = await views(page);
      expect(shown).toEqual(expect.arrayContaining(['Bus', 'Rings', 'Fids', 'Latencies', 'Timeline']));
      for (const [index, view] of shown.entries()) {
        await show(view);
        await page.waitForSelector(`main[aria-label="${view}"]`);
        await photograph(page, `${String(index + 1).padStart(2, '0')}-${view.toLowerCase().replaceAll(' ', '-')}`);
      }
      await page.keyboard.press('m');
      await page.locator('.sequence .asked', { hasText: 'Tread' }).last().click();
      await show('Timeline');
      await eventually(async () => {
        const told = await text('main[aria-label="Timeline"]');
        for (const part of [
          'Tread',
          'kick',
          'chain taken',
          'preadv2',
          'Rread',
          'chain returned',
          'notification',
          'interrupt',
        ]) {
          expect(told).toContain(part);
        }
      });
    },
    GUEST_TIMEOUT_MS * 2,
  );

  test(
    'says how the machine ended; nothing was on the console of the browser',
    async () => {
      machine.process.stdin.write('go\n');
      await page.waitForSelector('[role=status].ended');
      if (machine.process.exitCode === null) await once(machine.process, 'exit');
      expect(machine.process.exitCode).toBe(0);
      expect(complaints).toEqual([]);
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'opened while a guest boots, which it does not hold, it shows the bus fill',
    async () => {
      // Nothing holds the guest back, so on a host with other things to do it may be past its bus before the page is there.
      let bus = await busOfBoot();
      for (let times = 1; times < 3 && !showsFilling(bus); times++) bus = await busOfBoot();
      // First there are functions that the guest has not found; it finds them, and then its drivers read them.
      const reads = bus.map((state) => state.reads);
      expect(bus[0]?.missing).toBeGreaterThan(0);
      expect(reads).toEqual(reads.toSorted((a, b) => a - b));
      expect(new Set(reads).size).toBeGreaterThan(3);
      expect(bus.every(({ runs }) => runs)).toBe(true);
      expect(complaints).toEqual([]);
    },
    GUEST_TIMEOUT_MS * 2,
  );

  test(
    'shows the recording of the same run, at any time of it',
    async () => {
      const served = await inspectedRun(['inspect', recording]);
      try {
        const recorded = await newPage();
        await recorded.goto(served.url);
        await recorded.waitForSelector('nav .view-link');
        await recorded.keyboard.press('End');
        await recorded.locator('header', { hasText: /[1-9][\d\s]* events/ }).waitFor();
        await photograph(recorded, 'recording');
        expect(complaints).toEqual([]);
        served.process.kill('SIGINT');
        const [status] = await once(served.process, 'exit');
        expect(status).toBe(0);
      } finally {
        served.process.kill('SIGKILL');
      }
    },
    GUEST_TIMEOUT_MS,
  );
});
