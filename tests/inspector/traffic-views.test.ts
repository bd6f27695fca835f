import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { withoutChromium } from '../support/page/chromium.ts';
import { type InspectorPage, openInspectorPage, recordingOf } from './inspector-page.ts';
import { toldShare } from './told-share.ts';

const define = withoutChromium === undefined ? describe : describe.skip;
const TIMEOUT_MS = 120_000;
const VIEWS = ['Rings', 'Messages', 'Fids', 'Latencies', 'Timeline', 'Events'] as const;

define(`[browser] views of requests${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`, () => {
  const path = mkdtempSync(join(tmpdir(), 'tsvmm-views-'));
  let events: TraceEvent[];
  let shown: InspectorPage;

  beforeAll(async () => {
    mkdirSync(join(path, 'dir'));
    writeFileSync(join(path, 'dir', 'file'), 'some content');
    const share = await toldShare(path, { indirect: true, plugged: true });
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const fid = await tree.open('dir/file');
    for (let round = 0; round < 30; round += 1) await tree.read(fid, 0n, 100);
    await tree.walk('missing').catch(() => undefined);
    await share.close();
    events = share.events;
    shown = await openInspectorPage();
    await shown.page.setInputFiles('input[type=file]', {
      name: 'run.rec',
      mimeType: 'application/octet-stream',
      buffer: recordingOf(events),
    });
    await shown.page.waitForSelector('.shell');
  }, TIMEOUT_MS);

  afterAll(async () => {
    await shown?.close();
    rmSync(path, { recursive: true });
  }, TIMEOUT_MS);

  beforeEach(async () => {
    await shown.page.keyboard.press('Escape');
  });

  const view = (name: (typeof VIEWS)[number]) => shown.page.locator('.view-link', { hasText: name }).click();
  /** Types after `/`, and waits until what is shown is what that asks for. */
  const filter = async (words: string, isShown: () => Promise<boolean>) => {
    await shown.page.locator('.choices input').fill(words);
    for (let look = 0; look < 200 && !(await isShown()); look += 1) await shown.page.waitForTimeout(25);
  };
  const rows = () => shown.page.locator('.row[role=option]');
  const text = async (selector: string) => (await shown.page.locator(selector).textContent()) ?? '';
  const requestOf = (name: string) => events.find((one) => one.kind === 'request' && one.fields.name === name)?.id;

  test(
    'conversation: messages on both sides, one in full with its fields, its bytes and its system calls',
    async () => {
      const { page } = shown;
      await view('Messages');
      await filter('Tread', async () => /Tread/.test((await rows().first().textContent()) ?? ''));
      expect(await page.locator('.row[role=option]').count()).toBeGreaterThan(10);
      await page.locator('.row[role=option]').first().click();
      const detail = await text('.event-detail');
      expect(detail).toContain('offset[8]');
      expect(detail).toMatch(/preadv2\(\d+, \[100\], 0, RWF_NOWAIT\) = 12/);
      expect(await page.locator('.bytes').last().textContent()).toMatch(/some[\s\S]*content/);
      await page.locator('.message button', { hasText: 'offset[8]' }).hover();
      expect((await page.locator('.message mark').allTextContents()).join('').trim()).toBe('00 00 00 00 00 00 00 00');
      await filter('error', async () => (await rows().count()) === 1);
      expect(await rows().count()).toBe(1);
      expect(await rows().textContent()).toContain('missing');
      await rows().click();
      expect(await text('.event-detail .bad >> nth=0')).toBe('ENOENT: No such file or directory');
      expect(await text('.event-detail')).toContain('A system call made for it failed so.');
      const refused = page.locator('.event-detail details');
      expect(await refused.locator('tr.set').first().isVisible()).toBe(false);
      await refused.locator('summary').click();
      expect(await refused.locator('tr.set').allInnerTexts()).toEqual([
        expect.stringContaining('a name of wname is empty, or has / or NUL in it'),
        expect.stringContaining('the first name is not there'),
      ]);
      await filter('no such message', async () => (await rows().count()) === 0);
      expect(await text('.split-main')).toContain('No message is like that.');
    },
    TIMEOUT_MS,
  );

  test(
    'from a message to its way through the machine, step by step and on to the next, by keys alone',
    async () => {
      const { page } = shown;
      await page.keyboard.press('m');
      await page.locator('.list').focus();
      await page.keyboard.press('k');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.waterfall');
      const steps = page.locator('.step');
      const chosen = page.locator('.step[aria-pressed=true]');
      expect(await chosen.count()).toBe(1);
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      const names = await steps.locator('.step-name').allInnerTexts();
      expect([names[0], names[1], names[2], names.at(-1)]).toEqual(['kick', 'chain taken', 'request', 'interrupt']);
      await page.keyboard.press('k');
      expect(await chosen.locator('.step-name').textContent()).toBe('chain taken');
      expect(await text('.event-detail h2')).toContain('chain');
      expect(await page.locator('.descriptors tbody tr').count()).toBeGreaterThan(1);
      const before = await text('.split-main .bar');
      await page.keyboard.press('ArrowRight');
      expect(await text('.split-main .bar')).not.toBe(before);
    },
    TIMEOUT_MS,
  );

  test(
    'rings: where driver and device are, and a chain with its descriptors, its bytes and what became of it',
    async () => {
      const { page } = shown;
      await view('Rings');
      const chains = events.filter(({ kind }) => kind === 'chain').length;
      expect(await text('.figures')).toContain(String(chains));
      expect(await page.locator('svg.ring').getAttribute('aria-label')).toContain(
        `${chains} taken, ${chains} returned`,
      );
      await page.locator('.row[role=option]').first().click();
      const detail = await text('.event-detail');
      for (const word of ['INDIRECT', 'WRITE', 'NEXT', 'kick #', 'notification #', 'interrupt #', 'Rlerror']) {
        expect(detail).toContain(word);
      }
      expect(await page.locator('svg.ring .chosen').count()).toBe(1);
    },
    TIMEOUT_MS,
  );

  test(
    'fids: the tree with the fids on it, the inode behind a name and the last system calls on it',
    async () => {
      const { page } = shown;
      await view('Fids');
      // The device was reset in the end, and with it the session: a moment before that is what there is to see.
      const reset = events.find((one) => one.kind === 'status' && one.fields.to === 'resetting');
      await page.locator('.time input').fill(String((reset?.time ?? 1) - 1));
      const file = page.locator('.row[role=option]', { hasText: 'file' });
      await file.click();
      expect(await text('.event-detail h2')).toBe('/dir/file');
      const detail = await text('.event-detail');
      expect(detail).toContain('O_RDONLY');
      expect(detail).toMatch(/\[100\], 0, RWF_NOWAIT\) = 12/);
      await page.locator('.event-detail button', { hasText: 'its messages' }).click();
      expect(await page.locator('.row[role=option]').count()).toBeGreaterThan(10);
    },
    TIMEOUT_MS,
  );

  test(
    'latencies: counts as there were messages, and the slowest lead to their way',
    async () => {
      const { page } = shown;
      await view('Latencies');
      const row = page.locator('.latencies tr', { hasText: 'Tread' });
      expect(await row.locator('td').first().textContent()).toBe('30');
      expect(await page.locator('.plot canvas').count()).toBe(2);
      await row.click();
      expect(await text('.over-time h2')).toBe('All requests of host over time');
      await page.getByLabel('Tread alone').check();
      expect(await text('.over-time h2')).toBe('Tread of host over time');
      expect(await page.locator('.plot[aria-label="Tread over time"] canvas').count()).toBe(1);
      await page.locator('.latencies tr', { hasText: 'Twalk' }).click();
      expect(await text('.over-time h2')).toBe('Twalk of host over time');
      await row.click();
      await page.locator('.links button').first().click();
      expect(await text('.split-main h2')).toContain('Tread');
    },
    TIMEOUT_MS,
  );

  test(
    'events: a filter, and links that lead from one to another',
    async () => {
      const { page } = shown;
      await view('Events');
      await filter('events=9p tag=65535', async () => (await rows().count()) === 2);
      expect(await page.locator('.row[role=option]').count()).toBe(2);
      await page.locator('.row[role=option]').first().click();
      expect(await text('.event-detail h2')).toContain(`#${requestOf('Tversion')} request`);
      await page.locator('.way button', { hasText: 'kick' }).click();
      expect(await text('.event-detail h2')).toContain('kick');
      await page.locator('.choices input').fill('tag=x');
      expect(await text('.problem')).toBe('tag=x is not a number from 0 to 65535.');
    },
    TIMEOUT_MS,
  );

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)(
    'pictures, %s, %i wide: nothing sticks out to the side, nothing on the console',
    async (colorScheme, width) => {
      const { page, complaints, picture } = shown;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      for (const name of VIEWS) {
        await view(name);
        const row = page.locator('.row[role=option]').first();
        if (await row.count()) await row.click();
        await page.waitForTimeout(100);
        await picture(`${name.toLowerCase()}-${colorScheme}-${width}`);
        const over = await page
          .locator('.view')
          .evaluate(
            ({ scrollWidth, clientWidth }: { scrollWidth: number; clientWidth: number }) => scrollWidth - clientWidth,
          );
        expect([name, over]).toEqual([name, 0]);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
