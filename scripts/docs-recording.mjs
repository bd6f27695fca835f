// npm run docs:recording: makes docs/recordings/mount.tsvmm, a guest in the software CPU that mounts, reads a file and unmounts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'docs', 'recordings', 'mount.tsvmm');
/** Most bytes of it: it is kept in the repository. */
const MOST = 1_000_000;

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-recording-'));
const share = join(scratch, 'share');
// System calls are recorded with their paths: the cache is reached by a name that says nothing of whose it is. Always the
// same, since what is in the cache is known by where it is.
const cache = join(tmpdir(), 'tsvmm-cache');
let status;
try {
  mkdirSync(join(share, 'garden'), { recursive: true });
  const shared = process.env.TSVMM_CACHE ?? join(homedir(), '.cache', 'tsvmm');
  if (existsSync(shared) && !existsSync(cache)) symlinkSync(shared, cache);
  writeFileSync(join(share, 'garden', 'herbs'), 'parsley, sage, rosemary and thyme\n');
  writeFileSync(join(share, 'readme'), 'This directory is shared with a guest.\n');
  const script = 'cd / && cat /mnt/host/garden/herbs && ! cat /mnt/host/garden/weeds 2>/dev/null && umount /mnt/host';
  ({ status } = spawnSync(
    process.execPath,
    [
      join(root, 'vmm', 'bin', 'tsvmm.js'),
      ...['run', '--accel', 'software', '-m', '64M', '--console', 'serial'],
      ...['--virtfs', 'local,path=.,mount_tag=host,readonly=on', '--record', out],
      ...['--', 'sh', '-c', script],
    ],
    { cwd: share, stdio: 'inherit', env: { ...process.env, TSVMM_CACHE: cache }, timeout: 900_000 },
  ));
} finally {
  rmSync(scratch, { recursive: true });
}
const { size } = statSync(out);
console.log(`docs/recordings/mount.tsvmm: ${size} bytes`);
if (status !== 0 || size > MOST) {
  console.error(
    `docs:recording: ${status === 0 ? `more than ${MOST} bytes` : `the guest ended with status ${status}`}`,
  );
  process.exitCode = 1;
}
