import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { VirtualMachineConfig } from '../config.ts';
import { checkHostPaths } from './host-paths.ts';

const NOBODY = 65_534;
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-paths-'));
const at = (name: string) => join(scratch, name);

beforeAll(() => {
  chmodSync(scratch, 0o755);
  for (const [name, mode] of Object.entries({ open: 0o755, closed: 0o700, unlisted: 0o711, unsearchable: 0o744 })) {
    mkdirSync(at(name));
    chmodSync(at(name), mode);
  }
  writeFileSync(at('open/kernel'), 'x');
  writeFileSync(at('closed/kernel'), 'x');
  writeFileSync(at('secret'), 'x', { mode: 0o600 });
  symlinkSync('loop', at('loop'));
  symlinkSync('open', at('link'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** The line that refuses a configuration, as a user who owns nothing here sees it. */
function refusal(config: VirtualMachineConfig): string {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    checkHostPaths(config);
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const share = (path: string): VirtualMachineConfig => ({ shares: [{ path, mountTag: 'host' }] });
const CANNOT_READ = 'cannot be read by this user; change its permissions, or run tsvmm as its owner';

/** Only root can make directories that this process, become nobody, may not enter. */
const asRoot = process.geteuid?.() === 0 ? test : test.skip;

describe('paths of the host', () => {
  asRoot.each([
    ['a share that may not be opened', share(at('closed')), `share host: ${at('closed')} ${CANNOT_READ}`],
    [
      'a share that may be entered but not listed',
      share(at('unlisted')),
      `share host: ${at('unlisted')} ${CANNOT_READ}`,
    ],
    [
      'a share that may be listed but not entered',
      share(at('unsearchable')),
      `share host: ${at('unsearchable')} ${CANNOT_READ}`,
    ],
    ['a share inside what may not be entered', share(at('closed/x')), `share host: ${at('closed/x')} ${CANNOT_READ}`],
    ['a kernel that may not be read', { kernel: at('secret') }, `--kernel: ${at('secret')} ${CANNOT_READ}`],
    [
      'an initrd inside what may not be entered',
      { initrd: at('closed/kernel') },
      `--initrd: ${at('closed/kernel')} ${CANNOT_READ}`,
    ],
    ['a root that may not be opened', { root: { path: at('closed') } }, `--root: ${at('closed')} ${CANNOT_READ}`],
  ])('%s', (_name, config, line) => {
    expect(refusal(config)).toBe(line);
  });

  test.each([
    [
      'a loop of links',
      share(at('loop')),
      `share host: ${at('loop')} is a symbolic link that leads in a circle; correct the path`,
    ],
    [
      'a file',
      share(at('open/kernel')),
      `share host: ${at('open/kernel')} is not a directory; share the directory it is in`,
    ],
    [
      'below a file',
      share(at('open/kernel/x')),
      `share host: ${at('open/kernel/x')} is not a directory; share the directory it is in`,
    ],
    [
      'a name too long',
      share(at('x'.repeat(300))),
      `share host: ${at('x'.repeat(300))} is too long a path; name it from a directory nearer to it`,
    ],
    [
      'an endless device as kernel',
      { kernel: '/dev/zero' },
      "--kernel: /dev/zero is not a file; correct the path, or leave --kernel out for tsvmm's own",
    ],
  ])('%s', (_name, config, line) => {
    expect(refusal(config)).toBe(line);
  });

  test.each([
    ['a directory', share(at('open'))],
    ['a link to a directory', share(at('link'))],
    ['a kernel', { kernel: at('open/kernel') }],
    ['no root', { root: false as const }],
    ['nothing', {}],
  ])('%s is accepted', (_name, config) => {
    expect(refusal(config)).toBe('accepted');
  });
});
