// Debian packages that some tests need: found, or installed where this process may, else asked for by name.
import { spawnSync } from 'node:child_process';

/** What one step of apt-get may take, in milliseconds: a mirror may hang. */
const APT_TIMEOUT_MS = 600_000;

/**
 * Sees to it that a package is there whose command has its name, installing it as root with apt-get; `what` is it for, `size` what
 * is downloaded. Returns why it is not.
 */
export function ensurePackage(name, { what, size }) {
  if (isThere(name)) return undefined;
  const ask = `${name} is not installed: apt-get install --no-install-recommends ${name}`;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).error !== undefined) return ask;
  console.log(`\n== ${what}: installs the package ${name} (${size}), once`);
  const start = performance.now();
  const installed = apt('update') && apt('install', '-y', '--no-install-recommends', name);
  console.log(`${installed ? 'installed' : 'given up'} after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return installed && isThere(name) ? undefined : `apt-get failed, and ${ask}`;
}

function isThere(name) {
  return spawnSync(name, ['--version'], { timeout: 60_000 }).status === 0;
}

function apt(...args) {
  const { status } = spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
    stdio: 'inherit',
    timeout: APT_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
