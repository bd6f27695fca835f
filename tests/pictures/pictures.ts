/**
 * npm run docs:pictures: makes docs/pictures from the page itself, over recordings of the labs' solutions, of the mount, and over
 * a guest that is stepped through.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, withoutChromium } from '../support/page/chromium.ts';

/** A picture of a view. */
interface Picture {
  /** Name of the file without its end. */
  readonly name: string;
  /** The lab whose solution is recorded, or the recording. */
  readonly of: number | string;
  readonly view: string;
  readonly device: string;
  /** Height of the window, in pixels. */
  readonly height?: number;
}

const MOUNT = 'docs/recordings/mount.tsvmm';
const LAB = 'lab';
const WIDTH = 1040;
const HEIGHT = 640;
const OUT = 'docs/pictures';
/** Most bytes of one: they are kept in the repository. */
const MOST = 150_000;
const PATIENCE_MS = 120_000;
/** How long a view takes to show what it was told, with room to spare. */
const SETTLED_MS = 1_500;

const PICTURES: readonly Picture[] = [
  { name: 'lab-2-configuration', of: 2, view: 'config', device: LAB, height: 780 },
  { name: 'lab-3-status', of: 3, view: 'status', device: LAB },
  { name: 'lab-4-rings', of: 4, view: 'rings', device: LAB, height: 760 },
  { name: 'lab-5-timeline', of: 5, view: 'timeline', device: LAB },
  { name: 'lab-6-conversation', of: MOUNT, view: 'conversation', device: 'host', height: 560 },
  { name: 'lab-7-interrupts', of: 7, view: 'interrupts', device: LAB },
  { name: 'lab-8-status', of: 8, view: 'status', device: LAB },
];

/** The guest that is stepped through. */
const STEPPED = 'lab-1-step';

const TSVMM = join('vmm', 'bin', 'tsvmm.js');

/** Runs a program to its end. */
function finished(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((done, failed) => {
    child.on('close', (status) => (status === 0 ? done() : failed(new Error(`${args.join(' ')}: status ${status}`))));
  });
}

/** A program that prints the address of a page, and that address. */
function served(args: readonly string[], cwd = '.'): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((found, failed) => {
    let said = '';
    const look = (bytes: Buffer): void => {
      said += bytes;
      const url = /http:\/\/\S+/.exec(said)?.[0];
      if (url !== undefined && said.includes('\n')) found({ child, url });
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.on('close', (status) => failed(new Error(`${args.join(' ')} ended with status ${status}: ${said}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once('close', done));
  child.kill('SIGTERM');
  await gone;
}

/** Shows a view: what is selected is in the fragment of the address. */
async function show(page: Page, selection: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(new URLSearchParams(selection).toString())}`);
  await page.reload({ waitUntil: 'load' });
  await page.waitForSelector('.view-link[aria-current=page]', { timeout: PATIENCE_MS });
}

/** The key is answered once the page knows what it shows. */
async function toTheEnd(page: Page): Promise<void> {
  await page.locator('footer.time').waitFor({ timeout: PATIENCE_MS });
  await page.keyboard.press('End');
  await page.waitForTimeout(SETTLED_MS);
}

async function shot(page: Page, name: string): Promise<void> {
  const path = join(OUT, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  console.log(`${path}: ${size} bytes`);
  if (size > MOST) throw new Error(`${path} has more than ${MOST} bytes`);
}

async function opened(browser: Browser, url: string, height = HEIGHT): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: WIDTH, height }, colorScheme: 'light' });
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('.view-link', { timeout: PATIENCE_MS });
  return page;
}

async function takeRecorded(browser: Browser, scratch: string, picture: Picture): Promise<void> {
  const { of, name, view, device, height } = picture;
  const file = typeof of === 'string' ? of : join(scratch, `lab-${of}.tsvmm`);
  if (typeof of === 'number') {
    await finished('scripts/run.mjs', 'labs/main.ts', String(of), '--solution', '--record', file);
  }
  const { child, url } = await served([TSVMM, 'inspect', file]);
  try {
    const page = await opened(browser, url, height);
    await show(page, { view, device });
    await toTheEnd(page);
    await shot(page, name);
    await page.context().close();
  } finally {
    await ended(child);
  }
}

/** A guest held before its first 9P message of the share, as a newcomer steps there. */
async function takeStepped(browser: Browser, scratch: string, name: string): Promise<void> {
  writeFileSync(join(scratch, 'greeting'), 'hello\n');
  const share = ['--virtfs', 'local,path=.,mount_tag=host'];
  const guest = ['run', '--accel', 'software', ...share, '--inspect', '0,wait=on', '--', 'cat', '/mnt/host/greeting'];
  const { child, url } = await served([resolve(TSVMM), ...guest], scratch);
  try {
    const page = await opened(browser, url);
    const run = page.getByRole('button', { name: 'Run', exact: true });
    await run.waitFor({ timeout: PATIENCE_MS });
    // The devices are known when the machine is put together; then the step can be about one of them.
    await stepTo(page, 'request', 'host');
    await page.keyboard.press('b');
    await page.waitForTimeout(SETTLED_MS);
    await shot(page, name);
    await run.click();
    await page.context().close();
  } finally {
    await ended(child);
  }
}

/** Chooses the device, and steps to its next event of a kind. */
async function stepTo(page: Page, kind: string, device: string): Promise<void> {
  const devices = page.getByLabel('Device');
  await devices
    .locator('option', { hasText: new RegExp(`^${device}$`) })
    .waitFor({ state: 'attached', timeout: PATIENCE_MS });
  await devices.selectOption(device);
  await page.locator('.control select').selectOption(kind);
  await page.locator('.control input[type=checkbox]').check();
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await page.locator('.before b', { hasText: kind }).waitFor({ timeout: PATIENCE_MS });
}

const chosen = process.argv.slice(2);
if (withoutChromium !== undefined) throw new Error(withoutChromium);
mkdirSync(OUT, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-pictures-'));
const browser = await launchChromium();
try {
  const wanted = (name: string) => chosen.length === 0 || chosen.includes(name);
  for (const picture of PICTURES) if (wanted(picture.name)) await takeRecorded(browser, scratch, picture);
  if (wanted(STEPPED)) await takeStepped(browser, scratch, STEPPED);
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true });
}
