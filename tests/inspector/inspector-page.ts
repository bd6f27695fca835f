import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type { TraceEvent } from '../../trace/event.ts';
import { RecordingTrace } from '../../trace/recording/recording-encoder.ts';
import { PATIENCE_MS } from '../support/eventually.ts';
import { launchChromium } from '../support/page/chromium.ts';
import { servePage } from '../support/page/page-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Pictures of the page that tests leave behind, to be looked at. */
const PICTURES = join(ROOT, 'build', 'inspector-pictures');

/** What the inspector is served under: nothing but files of its own, and no style in markup. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'";

/** A browser with a page of the inspector's. */
export interface InspectorPage {
  readonly page: Page;
  /** What the page complained of: errors, and whatever came on the console. */
  readonly complaints: string[];
  /** Leaves a picture behind. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a page made of `entry`, by default the inspector's own, in a window of that size. */
export async function openInspectorPage(
  entry = 'inspector/page/main.tsx',
  { width = 1280, height = 800 }: { readonly width?: number; readonly height?: number } = {},
): Promise<InspectorPage> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: entry, style: 'inspector/page/main.css' },
    outdir: 'out',
    write: false,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  const bodyOf = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? '';
  const server = await servePage(
    {
      '/': { type: 'text/html', body: readFileSync(join(ROOT, 'inspector', 'page', 'index.html')) },
      '/main.js': { type: 'text/javascript', body: bodyOf('main.js') },
      '/main.css': { type: 'text/css', body: bodyOf('style.css') },
      '/icon.svg': { type: 'image/svg+xml', body: readFileSync(join(ROOT, 'inspector', 'page', 'icon.svg')) },
    },
    POLICY,
  );
  const browser: Browser = await launchChromium();
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(server.address, { waitUntil: 'load' });
  return {
    page,
    complaints,
    async picture(name) {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** The events as the file that `--record` writes. */
export function recordingOf(events: readonly TraceEvent[]): Buffer {
  const trace = new RecordingTrace({ program: 'test', started: Date.UTC(2026, 0, 31, 12) }, gzipSync);
  return Buffer.concat([trace.head(), ...events.map((event) => trace.encode(event)), trace.end()]);
}
