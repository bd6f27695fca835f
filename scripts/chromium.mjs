// Debian's chromium for the browser test: found, or installed where this process may, else asked for by name.
import { spawnSync } from 'node:child_process';

/** What one step of apt-get may take, in milliseconds: a mirror may hang. */
const APT_TIMEOUT_MS = 600_000;
const PACKAGE = 'chromium';

/** Sees to it that chromium is there, installing it (half a minute, 113 MB) as root with apt-get. Returns why it is not. */
export function ensureChromium() {
  if (hasChromium()) return undefined;
  const ask = `${PACKAGE} is not installed: apt-get install --no-install-recommends ${PACKAGE}`;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).error !== undefined) return ask;
  console.log(`\n== browser: installs the package ${PACKAGE}, once`);
  const start = performance.now();
  const installed = apt('update') && apt('install', '-y', '--no-install-recommends', PACKAGE);
  console.log(`${installed ? 'installed' : 'given up'} after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return installed && hasChromium() ? undefined : `apt-get failed, and ${ask}`;
}

function hasChromium() {
  return spawnSync(PACKAGE, ['--version'], { timeout: 60_000 }).status === 0;
}

function apt(...args) {
  const { status } = spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
    stdio: 'inherit',
    timeout: APT_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
