import { describe, expect, test } from '@jest/globals';
import { commandLine, mountPoint, runsOurInit } from './boot-plan.ts';
import type { VirtualMachineConfig } from './config.ts';

const kernelWords = ['console=ttyS0', 'quiet'];
const lineOf = (config: VirtualMachineConfig, root = config.root || undefined) =>
  commandLine(config, { kernelWords, root });

const ROOT = 'root=tsvmm.root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=512000';

describe('words that could be taken for others', () => {
  test('a path with blanks stays one word of the kernel', () => {
    expect(lineOf({ root: { path: '/srv', init: '/my init' } })).toBe(
      `console=ttyS0 quiet ${ROOT},cache=loose ro "init=/my init"`,
    );
  });

  test('so does the name of a terminal', () => {
    const line = lineOf({ root: { path: '/srv' }, terminal: { rows: 24, columns: 80, term: 'x panic=0' } });
    expect(line).toContain(' "TERM=x panic=0" ROWS=24 COLUMNS=80 -- ');
  });

  test('tags, mount points and directories are one argument of init each, whatever they hold', () => {
    const line = lineOf({
      root: { path: '/srv' },
      cwd: '/a "b"',
      shares: [{ path: '/', mountTag: 'a:b', mountAt: '/mnt/ä b' }],
    });
    expect(line).toContain(' -- mount=a%3Ab:/mnt/%C3%A4%20b control=tsvmm.control cwd=/a%20%22b%22');
  });
});

describe('the kernel command line', () => {
  test('without a root has nothing of ours but the words of the kernel', () => {
    const config = { root: false as const, shares: [{ path: '/', mountTag: 'a' }], cwd: '/x', announce: true };
    expect(lineOf(config)).toBe('console=ttyS0 quiet');
    expect(lineOf({ ...config, append: 'root=/dev/ram0 -- s' })).toBe('console=ttyS0 quiet root=/dev/ram0 -- s');
  });

  test("with a root and an init of the user's own leaves init alone", () => {
    expect(lineOf({ root: { path: '/srv', init: '/sbin/init', readonly: false }, append: 'single' })).toBe(
      `console=ttyS0 quiet ${ROOT},cache=mmap rw init=/sbin/init single`,
    );
  });

  test('with our init tells it what to mount and to take commands', () => {
    const config = {
      root: { path: '/srv' },
      shares: [
        { path: '/a', mountTag: 'host' },
        { path: '/b', mountTag: 'quiet', mountAt: false as const },
        { path: '/c', mountTag: 'data', mountAt: '/data' },
      ],
      append: 'loglevel=7',
      announce: true,
    };
    expect(lineOf(config)).toBe(
      `console=ttyS0 quiet ${ROOT},cache=loose ro init=/.tsvmm/init loglevel=7 ` +
        '-- mount=host:/mnt/host mount=data:/data control=tsvmm.control announce',
    );
  });

  test('with a shell names no control share, but the terminal and the directory', () => {
    const config: VirtualMachineConfig = {
      root: { path: '/srv' },
      session: 'shell',
      cwd: '/mnt/host',
      terminal: { rows: 50, columns: 132, term: 'xterm-256color' },
    };
    expect(lineOf(config)).toMatch(/init TERM=xterm-256color ROWS=50 COLUMNS=132 -- cwd=\/mnt\/host$/);
  });
});

test.each([
  [undefined, false],
  [{ path: '/' }, true],
  [{ path: '/', init: '/sbin/init' }, false],
])('our init runs with root %j: %p', (root, ours) => {
  expect(runsOurInit(root)).toBe(ours);
});

test.each([
  [undefined, '/mnt/t'],
  ['/data', '/data'],
  [false as const, false],
])('a share with mountAt %j is mounted at %j', (mountAt, at) => {
  expect(mountPoint({ path: '/', mountTag: 't', ...(mountAt === undefined ? {} : { mountAt }) })).toBe(at);
});
