import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { GUEST_TIMEOUT_MS } from '../support/guest.ts';
import { launchChromium, withoutChromium } from '../support/page/chromium.ts';
import type { PageReport } from '../support/page/page.ts';
import { pageBundle } from '../support/page/page-bundle.ts';
import { type PageServer, servePage } from '../support/page/page-server.ts';

/** Functions of the page, which exist there alone. */
declare function boot(content: string, script: string): Promise<PageReport>;
declare function bootWithoutCore(): Promise<string>;

const define = withoutChromium === undefined ? describe : describe.skip;

define(`[browser] a guest in a page${withoutChromium === undefined ? '' : ` [${withoutChromium}]`}`, () => {
  let server: PageServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const { bzImage } = await ensureKernel({ arch: 'i386' });
    const { root } = await ensureRoot({ arch: 'i386' });
    const binary = 'application/octet-stream';
    server = await servePage({
      '/': {
        type: 'text/html',
        body: '<!doctype html><title>guest</title><script type="module" src="page.js"></script>',
      },
      '/page.js': { type: 'text/javascript', body: await pageBundle() },
      '/v86.wasm': {
        type: 'application/wasm',
        body: readFileSync(createRequire(import.meta.url).resolve('v86/build/v86.wasm')),
      },
      '/bzImage': { type: binary, body: readFileSync(bzImage) },
      '/root.tar': { type: binary, body: execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 2 ** 28 }) },
    });
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.address, { waitUntil: 'load' });
  }, GUEST_TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  }, GUEST_TIMEOUT_MS);

  test(
    'mounts a tree of the page, prints a file of it, and writes one back',
    async () => {
      const content = `made in the page at ${Date.now()}\n`;
      const report = await page.evaluate(([greeting, script]) => boot(greeting, script), [
        content,
        'grep -c "^page /mnt/page 9p" /proc/mounts; cat greeting; uname -m; echo "seen by $(wc -c < greeting)" > reply',
      ] as const);
      expect(report).toMatchObject({
        status: 0,
        stdout: `1\n${content}i686\n`,
        stderr: '',
        reply: `seen by ${content.length}\n`,
        end: 'stopped by request',
      });
      for (const message of ['Tversion', 'Tattach', 'Tread', 'Twrite']) {
        expect(report.trace.some((line) => line.includes(message))).toBe(true);
      }
      expect(complaints).toEqual([]);
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'says in one line that the core is not where it was said to be',
    async () => {
      expect(await page.evaluate(() => bootWithoutCore())).toBe(
        'HostError: the CPU core cannot be loaded from nowhere.wasm (the server answers 404): serve v86.wasm there',
      );
    },
    GUEST_TIMEOUT_MS,
  );
});
