import { cpus } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { HISTORY_LIMITS } from '../../inspector/history.ts';
import type { Flood } from '../../inspector/test-support/flood-events.ts';
import { eventually } from '../support/eventually.ts';
import { withoutChromium } from '../support/page/chromium.ts';
import { type InspectorPage, openInspectorPage } from './inspector-page.ts';

/** The page's own, which exists there alone. */
declare const window: { readonly flood: Flood };

const define = withoutChromium === undefined ? describe : describe.skip;
const TIMEOUT_MS = 300_000;
const REQUESTS = 50_000;
const SECONDS = 2;
/** The share of its thread's time that a page may use. */
const MOST_USED = 0.6;
/** What all but a twentieth of its frames keep below where a processor is free... */
const LONGEST_FRAME_MS = 50;
/** ... by so much of its time, in each of so many milliseconds. */
const FREE_ENOUGH = 0.3;
const LOOK_MS = 250;

define(
  `[browser] a machine that serves without end${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`,
  () => {
    let shown: InspectorPage;

    beforeAll(async () => {
      shown = await openInspectorPage('inspector/test-support/flood-page.tsx');
      await shown.page.waitForSelector('.shell');
    }, TIMEOUT_MS);

    afterAll(() => shown?.close(), TIMEOUT_MS);

    test(
      'fifty thousand requests: what is kept stays bounded, what is not is counted',
      async () => {
        const { page } = shown;
        await page.keyboard.press('e');
        const told = await page.evaluate((requests) => window.flood.pour(requests), REQUESTS);
        expect(told).toBe(REQUESTS * 12);
        const bar = async () => ((await page.locator('.split-main .bar').textContent()) ?? '').replaceAll('\u202f', '');
        await eventually(async () => {
          const [, kept, forgotten] = /^(\d+) events; (\d+) before them/.exec(await bar()) ?? [];
          expect(Number(kept) + Number(forgotten)).toBe(told + 4);
          expect(Number(kept)).toBeLessThanOrEqual(HISTORY_LIMITS.events);
        });
        // A list of hundreds of thousands has no more rows than are in sight.
        expect(await page.locator('.row[role=option]').count()).toBeLessThan(100);
        await page.keyboard.press('m');
        await eventually(async () => expect(await bar()).toMatch(/before them are forgotten/));
        expect(shown.complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );

    // As many as there is no room for.
    test.each([
      ['e', 2000],
      ['m', 25_000],
    ])(
      'who scrolled back goes on seeing the same rows while older ones make room, view %s',
      async (key, requests) => {
        const { page } = shown;
        await page.keyboard.press('Escape');
        await page.keyboard.press(key);
        const list = page.locator('.list');
        /** The first row in sight, and the one there that the list is scrolled to. */
        const inSight = () =>
          list.evaluate((element) => {
            const { top } = element.getBoundingClientRect();
            const rows = [...element.querySelectorAll('[data-index]')];
            const row = rows.find((one) => one.getBoundingClientRect().top >= top);
            const place = element.scrollTop / (row?.getBoundingClientRect().height ?? Number.NaN);
            return { index: Number(row?.getAttribute('data-index') ?? Number.NaN), place, text: row?.textContent };
          });
        /** What is in sight once all that was told is drawn, and the rows are those of the place. */
        const settled = async (mostIndex: number) => {
          await page.evaluate(() => window.flood.drawn());
          return eventually(async () => {
            const seen = await inSight();
            expect(Math.abs(seen.index - seen.place)).toBeLessThanOrEqual(1);
            expect(seen.index).toBeLessThan(mostIndex);
            return seen;
          });
        };
        await settled(Number.POSITIVE_INFINITY);
        await list.evaluate((element) => {
          element.scrollTop = element.scrollHeight / 2;
        });
        const before = await settled(Number.POSITIVE_INFINITY);
        await page.evaluate((many) => window.flood.pour(many), requests);
        const after = await settled(before.index);
        expect(after.text).toBe(before.text);
        expect(shown.complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test.each(['q', 'm', 'd', 'l', 't', 'e'])(
      'five thousand events a second, view %s: the page stays responsive; frames take less than 50 ms where processors are free',
      async (key) => {
        const { page } = shown;
        await page.keyboard.press('Escape');
        await page.keyboard.press(key);
        let used = Number.POSITIVE_INFINITY;
        /** The longest of frames in a run with a free processor at any time; undefined where no run was so. */
        let frame: number | undefined;
        // Whoever else uses this host only adds to what is measured, never takes away: the least is the page's own.
        for (let times = 0; times < 5 && !(used < MOST_USED && (frame ?? 0) < LONGEST_FRAME_MS); times++) {
          const [busy, free] = [await processorTime(page), leastFree()];
          const frames = await page.evaluate((seconds) => window.flood.run(5000, seconds), SECONDS);
          used = Math.min(used, (await busy()) / SECONDS);
          if (free() < FREE_ENOUGH) continue;
          const most = frames.sort((a, b) => a - b)[Math.floor(frames.length * 0.95)] ?? Number.NaN;
          frame = Math.min(frame ?? Number.POSITIVE_INFINITY, most);
        }
        // Its thread has most of the time for other things, whatever else this machine does meanwhile.
        expect(used).toBeLessThan(MOST_USED);
        if (frame !== undefined) expect(frame).toBeLessThan(LONGEST_FRAME_MS);
        expect(shown.complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);

/** Begins to measure the processor time of the page's thread; what it returns says how many seconds it was. */
async function processorTime(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskSeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const before = await taskSeconds();
  return async () => {
    const used = (await taskSeconds()) - before;
    await session.detach();
    return used;
  };
}

/** Begins to watch the processors; what it returns says how many of them had nothing to do at the busiest time since. */
function leastFree(): () => number {
  const idle = () => cpus().reduce((sum, { times }) => sum + times.idle, 0);
  let [last, before, least] = [performance.now(), idle(), Number.POSITIVE_INFINITY];
  const look = () => {
    const [now, after] = [performance.now(), idle()];
    least = Math.min(least, (after - before) / (now - last));
    [last, before] = [now, after];
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    return least;
  };
}
