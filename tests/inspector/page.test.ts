import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { eventually, PATIENCE_MS } from '../support/eventually.ts';
import { launchChromium, withoutChromium } from '../support/page/chromium.ts';
import { inspectorPage } from '../support/page/inspector-page.ts';
import { type PageServer, servePage } from '../support/page/page-server.ts';
import { recordingOf } from './recording-of.ts';
import { toldShare } from './told-share.ts';

/** What functions that run in the page use of it. */
interface PageElement {
  readonly textContent: string;
  readonly ariaLabel: string | null;
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly dataset: Readonly<Record<string, string | undefined>>;
  querySelector(selector: string): PageElement | null;
}
declare const document: PageElement & {
  readonly body: PageElement;
  readonly documentElement: PageElement;
  readonly activeElement: PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
};
declare const location: { readonly hash: string };
declare function getComputedStyle(element: PageElement): { readonly backgroundColor: string };

const TIMEOUT_MS = 300_000;
const define = withoutChromium === undefined ? describe : describe.skip;
/** Pictures of every view, for people to look at. */
const PICTURES = fileURLToPath(new URL('../../build/pictures/inspector/', import.meta.url));

/** For the page: presses a key in the very moment that there is an element, and `?` as soon as anything is inspected. */
const PRESS_WHEN = `
  globalThis.press = (key) => window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  globalThis.pressWhen = (selector, key) =>
    new MutationObserver((_, observer) => {
      if (document.querySelector(selector) === null) return;
      observer.disconnect();
      press(key);
    }).observe(document, { subtree: true, childList: true });
  pressWhen('.shell', '?');
`;

define(`[browser] the inspector's page${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`, () => {
  const path = mkdtempSync(join(tmpdir(), 'tsvmm-page-'));
  const complaints: string[] = [];
  let events: readonly TraceEvent[];
  let recording: Buffer;
  let server: PageServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    writeFileSync(join(path, 'file'), 'some content');
    const share = await toldShare(path);
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const fid = await tree.open('file');
    for (let round = 0; round < 60; round += 1) await tree.read(fid, 0n, 100);
    await share.close();
    events = share.events;
    recording = recordingOf(events);
    server = await servePage(await inspectorPage());
    browser = await launchChromium();
    mkdirSync(PICTURES, { recursive: true });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(path, { recursive: true });
  }, TIMEOUT_MS);

  beforeEach(() => {
    complaints.length = 0;
  });

  /** A page that shows a recording, standing at its end. */
  async function show(
    options: Parameters<Browser['newPage']>[0] = {},
    { buffer = recording, script = '' } = {},
  ): Promise<void> {
    page = await browser.newPage(options);
    await page.addInitScript(script);
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.address, { waitUntil: 'load' });
    const file = { name: 'run.rec', mimeType: 'application/octet-stream', buffer };
    await page.setInputFiles('input[type=file]', file);
    await page.waitForSelector('.state.stands');
  }

  /** The views as the page lists them. */
  const listedViews = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('.view-link')].map((link) => ({
        title: link.querySelector('span')?.textContent ?? '',
        shortcut: link.querySelector('kbd')?.textContent ?? '',
      })),
    );
  /** The state the diagram shows the device in. */
  const stateNow = () => page.locator('.states .now').textContent();
  const text = async (selector: string) => (await page.locator(selector).first().textContent()) ?? '';

  test(
    'shows every view by its key, in light and dark and in a narrow window, and nothing on the console',
    async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1200, 400]) {
          await show({ colorScheme, viewport: { width, height: 800 } });
          const views = await listedViews();
          expect(views.length).toBeGreaterThanOrEqual(12);
          for (const { shortcut, title } of views) {
            await page.keyboard.press(shortcut);
            await page.waitForSelector(`main[aria-label="${title}"]`);
            await eventually(async () => {
              expect((await text('main')).length).toBeGreaterThan(20);
              // What does not fit scrolls in its own place, not the page.
              const sticksOut = await page.evaluate(() =>
                [document.documentElement, document.querySelector('main')].map(
                  (one) => (one?.scrollWidth ?? 0) - (one?.clientWidth ?? 0),
                ),
              );
              expect([title, sticksOut]).toEqual([title, [0, 0]]);
              // In a narrow window the views are one line that scrolls.
              const link = await page.locator('.view-link[aria-current]').boundingBox();
              expect([title, (link?.x ?? -2) >= -1, (link?.x ?? 0) + (link?.width ?? 0) <= width + 1]).toEqual([
                title,
                true,
                true,
              ]);
            });
            await page.screenshot({ path: join(PICTURES, `${title.toLowerCase()}-${colorScheme}-${width}.png`) });
          }
          const nameless = await page.evaluate(
            () =>
              [...document.querySelectorAll('button')].filter((one) => (one.textContent || one.ariaLabel) === '')
                .length,
          );
          expect(nameless).toBe(0);
          await page.close();
        }
      }
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'steps, goes back, and is taken anywhere by the slider',
    async () => {
      await show({ viewport: { width: 1200, height: 800 } });
      // Steps come before views on the screen, and for the keyboard.
      await page.keyboard.press('Tab');
      const reached: string[] = [];
      for (let at = 0; at < 10; at += 1) {
        reached.push(await page.evaluate(() => document.activeElement?.textContent ?? ''));
        await page.keyboard.press('Tab');
      }
      expect(reached.indexOf('Step')).toBeGreaterThan(0);
      expect(reached.some((one) => one.startsWith('Bus'))).toBe(true);
      expect(reached.findIndex((one) => one.startsWith('Bus'))).toBeGreaterThan(reached.indexOf('Step'));
      const shows = (id: string) =>
        page.waitForFunction((wanted) => document.querySelector('.before .number')?.textContent === wanted, id);
      await shows(String(events.at(-1)?.id));
      await page.keyboard.press('Home');
      await page.waitForFunction(() => document.querySelector('.before .number') === null);
      const kindAfter = (kind: string, id: number) =>
        String(events.find((one) => one.kind === kind && one.id > id)?.id);
      await page.selectOption('.control select', 'status');
      await page.locator('main').click({ position: { x: 2, y: 2 } });
      const [first, second] = events.filter(({ kind }) => kind === 'status').map(({ id }) => id);
      await page.keyboard.press('.');
      await shows(String(first));
      await page.keyboard.press('n');
      await shows(String(second));
      await page.keyboard.press('s');
      await eventually(async () => expect(await stateNow()).toBe('driver'));
      await page.selectOption('.control select', 'register-write');
      await page.getByRole('button', { name: 'Step' }).click();
      await shows(kindAfter('register-write', second ?? 0));
      // What is written is explained by the table of the register.
      await eventually(async () => expect(await text('.before')).toMatch(/virtio 1\.2 §/));
      await page.getByRole('button', { name: 'Back' }).click();
      await shows(String(Number(kindAfter('register-write', second ?? 0)) - 1));
      await page.locator('.time input').fill(String(events.at(-1)?.time));
      await shows(String(events.at(-1)?.id));
      await eventually(async () => expect(await stateNow()).toBe('reset'));
      expect(complaints).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    'says of what is not there yet what will bring it',
    async () => {
      const machine = events.findIndex(({ kind }) => kind === 'machine');
      await show({ viewport: { width: 1200, height: 800 } }, { buffer: recordingOf(events.slice(0, machine + 1)) });
      for (const [key, title, words] of [
        ['f', 'Features', 'once it has set DRIVER'],
        ['q', 'Rings', 'with DRIVER_OK'],
        ['m', 'Messages', 'The first message is Tversion'],
        ['d', 'Fids', 'the names the guest walked to'],
        ['l', 'Latencies', 'how long each kind took'],
        ['t', 'Timeline', 'from the kick to the interrupt'],
      ] as const) {
        await page.keyboard.press(key);
        await page.waitForSelector(`main[aria-label="${title}"]`);
        await eventually(async () => expect(await text('main')).toContain(words));
      }
      expect(complaints).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    'reads configuration space byte by byte with the keyboard, and jumps along the chain',
    async () => {
      await show({ viewport: { width: 1200, height: 900 } });
      await page.keyboard.press('c');
      const register = (name: string) => eventually(async () => expect(await text('.detail h3')).toBe(name));
      await register('vendor_id');
      for (const [key, name] of [
        ['ArrowRight', 'vendor_id'],
        ['ArrowRight', 'device_id'],
        ['j', 'base_address_0'],
        ['k', 'device_id'],
        ['ArrowLeft', 'vendor_id'],
      ] as const) {
        await page.keyboard.press(key);
        await register(name);
      }
      await page.getByRole('button', { name: /MSI-X/ }).click();
      await page.mouse.move(0, 0);
      await register('capability_id');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await register('message_control');
      await eventually(async () => {
        expect(await text('.detail')).toContain('0xc000');
        expect(await text('.detail .bits')).toMatch(/15MSIX_ENABLE1/);
      });
      expect(complaints).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    'a key pressed the moment there is something that takes it is taken',
    async () => {
      await show({ viewport: { width: 1200, height: 900 } }, { script: PRESS_WHEN });
      await page.waitForSelector('dialog');
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
      await page.evaluate("pressWhen('.detail h3', 'j'); press('c')");
      await eventually(async () => expect(await text('.detail h3')).toBe('base_address_0'));
      expect(complaints).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    'lists its keys, keeps theme and view, and says what is wrong with a file',
    async () => {
      await show({ viewport: { width: 1200, height: 800 }, colorScheme: 'light' });
      await page.keyboard.press('?');
      await eventually(async () => {
        const help = await text('dialog');
        for (const { title } of await listedViews()) expect(help).toContain(title);
      });
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
      const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await back();
      await page.keyboard.press('T');
      await page.keyboard.press('T');
      await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
      await eventually(async () => expect(await back()).not.toBe(light));
      await page.keyboard.press('f');
      await page.waitForFunction(() => location.hash.includes('view=features'));
      await page.reload();
      await page.waitForSelector('input[type=file]');
      await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
      const none = { name: 'none', mimeType: 'text/plain', buffer: Buffer.from('no recording at all') };
      await page.setInputFiles('input[type=file]', none);
      await page.waitForSelector('[role=alert]');
      await eventually(async () => expect(await text('[role=alert]')).toBe('it does not begin as a recording does'));
      expect(complaints).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );
});
