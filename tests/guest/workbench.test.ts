import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually, PATIENCE_MS } from '../support/eventually.ts';
import { launchChromium, withoutChromium } from '../support/page/chromium.ts';
import { type PageServer, servePage } from '../support/page/page-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'dist/workbench');
/** Where each view is kept as a picture, to be looked at. */
const pictures = join(root, 'dist/pictures/workbench');
const TIMEOUT_MS = 300_000;
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1360 },
  { name: 'dark', colorScheme: 'dark', width: 1360 },
  { name: 'narrow', colorScheme: 'light', width: 400 },
] as const;

const define = withoutChromium === undefined ? describe : describe.skip;

define(`[browser] the workbench${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`, () => {
  let server: PageServer;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'scripts/build-workbench.mjs')], { cwd: root });
    mkdirSync(pictures, { recursive: true });
    // In a folder below the root of the server, as anybody may put it.
    const files = readdirSync(folder).map((file) => [
      file === 'index.html' ? '/some/where/' : `/some/where/${file}`,
      { type: TYPES[extname(file)] ?? 'text/plain', body: readFileSync(join(folder, file)) },
    ]);
    server = await servePage(Object.fromEntries(files), "default-src 'none'; script-src 'self'; style-src 'self'");
    browser = await launchChromium();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  }, TIMEOUT_MS);

  async function open(address: string, look: (typeof LOOKS)[number] = LOOKS[0]): Promise<Page> {
    const viewport = { width: look.width, height: 900 };
    const page = await browser.newPage({ viewport, colorScheme: look.colorScheme });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(address, { waitUntil: 'load' });
    await page.locator('.steps').first().waitFor();
    return page;
  }

  /** Does something, waits until the newest entry of the record is of that action, and gives its text. */
  async function recorded(page: Page, key: string, act: () => Promise<unknown>): Promise<string> {
    const entries = page.locator('.record .entry');
    const newest = async (attribute: string) =>
      (await entries.count()) === 0 ? undefined : await entries.first().getAttribute(attribute);
    const before = await newest('data-number');
    await act();
    return eventually(async () => {
      expect(await newest('data-key')).toBe(key);
      expect(await newest('data-number')).not.toBe(before);
      return (await entries.first().textContent()) ?? '';
    });
  }

  const press = (page: Page, key: string) => () => page.keyboard.press(key);
  const click = (page: Page, name: string) => () => page.locator(`[name="${name}"]`).click();

  test(
    'its reader drives a device from its reset to the bytes of a file, by the keys',
    async () => {
      const page = await open(`${server.address}some/where/`);
      for (const step of ['find', 'reset', 'acknowledge', 'driver', 'offered', 'features', 'features-ok', 'queue']) {
        await recorded(page, step, press(page, 'Enter'));
      }
      expect(await recorded(page, 'driver-ok', press(page, 'Enter'))).toContain('features-ok -> running');
      for (const reply of ['Rversion', 'Rattach', 'Rwalk', 'Rlopen', 'Rread']) {
        expect(await recorded(page, 'send', press(page, 'S'))).toContain(reply);
      }
      await page.keyboard.press('3');
      const bytes = page.locator('.ninep details[open] .bytes');
      await eventually(async () => expect(await bytes.textContent()).toContain('by a driver of y'));
      await page.close();
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'a request goes step by step, and bytes written into RAM reach the device',
    async () => {
      const page = await open(`${server.address}some/where/`);
      await recorded(page, 'driver-ok', press(page, 'A'));
      expect(await recorded(page, 'place', click(page, 'place'))).toContain('flags WRITE');
      // The length of the readable descriptor, made 3: too short for a header.
      await page.keyboard.press('2');
      await page.locator('[name=address]').fill('0x1008');
      await page.locator('[name=bytes]').fill('03 00 00 00');
      await page.locator('[name=poke]').click();
      await page.keyboard.press('1');
      await recorded(page, 'publish', click(page, 'publish'));
      expect(await recorded(page, 'kick', click(page, 'kick'))).toContain(
        'a 9P request of 3 bytes is shorter than its header',
      );
      await page.close();
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'says what the device says of rules that are broken',
    async () => {
      const page = await open(`${server.address}some/where/`);
      const broken = async (key: string) => {
        await recorded(page, key, click(page, `break-${key}`));
        return page.locator('.entry .complaint').first().textContent();
      };
      expect(await broken('loop')).toContain('a descriptor chain is longer than the queue size, or loops');
      expect(await broken('driver-ok-early')).toContain('DRIVER_OK may not be set in state driver');
      expect(await broken('msize')).toContain('EMSGSIZE');
      await page.locator('[name=packed]').check();
      expect(await broken('order')).toContain('a device-readable descriptor follows a device-writable one');
      await page.close();
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'opens from the disk as well',
    async () => {
      const page = await open(String(pathToFileURL(join(folder, 'index.html'))));
      expect(await recorded(page, 'find', press(page, 'Enter'))).toContain('vendor 0x1af4');
      await page.close();
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each(LOOKS)(
    'shows nothing beyond the window: $name',
    async (look) => {
      const page = await open(`${server.address}some/where/`, look);
      await recorded(page, 'driver-ok', press(page, 'A'));
      await recorded(page, 'send', press(page, 'S'));
      await recorded(page, 'order', click(page, 'break-order'));
      for (const [view, key] of [
        ['driver', '1'],
        ['memory', '2'],
        ['9p', '3'],
      ] as const) {
        await page.keyboard.press(key);
        await page.locator('main > *').first().waitFor();
        await page.screenshot({ path: join(pictures, `${view}-${look.name}.png`) });
        expect(await page.locator('html').evaluate((html) => html.scrollWidth)).toBeLessThanOrEqual(look.width);
      }
      await page.close();
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
