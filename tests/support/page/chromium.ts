import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { PATIENCE_MS } from '../eventually.ts';

/** Debian's browser where it is installed; `npm test` installs it as root, and else asks for it. */
export const CHROMIUM = (process.env.PATH ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'chromium'))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Why a test that needs the browser is skipped; undefined where it is not. */
export const withoutChromium =
  CHROMIUM === undefined ? 'chromium is not installed: apt-get install --no-install-recommends chromium' : undefined;

/** Starts the browser with a profile of its own, which goes with it, and without what talks to the network by itself. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
    headless: true,
    timeout: 2 * PATIENCE_MS,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
