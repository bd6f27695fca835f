import { readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { AT, O, STATX } from './constants.ts';
import { E } from './errno.ts';
import { FileHandle } from './file-handle.ts';
import { loadHostfs } from './load.ts';
import { bytes, NO_NAME, scratchDirectory } from './scratch-directory.ts';
import { Statfs } from './statfs.ts';
import { Statx } from './statx.ts';

const hostfs = loadHostfs();
const scratch = scratchDirectory();
const at = (name: string) => `${scratch.path}/${name}`;
const mount = hostfs.reopen(scratch.fd, O.RDONLY | O.DIRECTORY);
afterAll(() => {
  hostfs.close(mount);
  scratch.remove();
});

/** ext4, XFS, Btrfs and tmpfs, whose handles the kernel finds again. */
const EXPORTED = [0xef53n, 0x58465342n, 0x9123683en, 0x01021994n];
const CAP_DAC_READ_SEARCH = 1n << 2n;

function exported(): boolean {
  const statfs = new Statfs();
  hostfs.fstatfs(scratch.fd, statfs.bytes);
  return EXPORTED.includes(statfs.type);
}

/** The capability counts in the first user namespace only. */
function privileged(): boolean {
  const [, effective] = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  const first = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  return first && (BigInt(`0x${effective}`) & CAP_DAC_READ_SEARCH) !== 0n;
}

const onExported = exported() ? test : test.skip;
const withRights = exported() && privileged() ? test : test.skip;

function handleOf(name: string): FileHandle {
  const handle = new FileHandle();
  const length = hostfs.nameToHandleAt(scratch.fd, bytes(name), handle.bytes, 0);
  expect(length).toBe(handle.handle.length);
  return handle;
}

function inodeOf(fd: number): bigint {
  const stat = new Statx();
  expect(hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, STATX.INO, stat.bytes)).toBe(0);
  return stat.ino;
}

onExported('a handle is the same by name and by descriptor, and says which mount it is of', () => {
  writeFileSync(at('f'), '');
  const byName = handleOf('f');
  const fd = hostfs.openat(scratch.fd, bytes('f'), O.PATH, 0);
  const byDescriptor = new FileHandle();
  hostfs.nameToHandleAt(fd, NO_NAME, byDescriptor.bytes, AT.EMPTY_PATH);
  hostfs.close(fd);
  expect([...byDescriptor.handle]).toEqual([...byName.handle]);
  const [, info] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${mount}`, 'latin1')) ?? [];
  expect(byName.mountId).toBe(Number(info));
});

withRights('an object is opened again whatever it is called, a link as itself', () => {
  writeFileSync(at('old'), 'content');
  symlinkSync('nowhere', at('link'));
  for (const name of ['old', 'link']) {
    const { handle } = handleOf(name);
    renameSync(at(name), at(`${name}-moved`));
    const held = hostfs.openat(scratch.fd, bytes(`${name}-moved`), O.PATH | O.NOFOLLOW, 0);
    const fd = hostfs.openByHandleAt(mount, handle, O.PATH | O.NOFOLLOW);
    expect(fd).toBeGreaterThanOrEqual(0);
    expect(inodeOf(fd)).toBe(inodeOf(held));
    for (const open of [fd, held]) hostfs.close(open);
  }
});

withRights('what is gone is ESTALE, and an O_PATH descriptor stands for no mount', () => {
  writeFileSync(at('short-lived'), '');
  const { handle } = handleOf('short-lived');
  expect(hostfs.openByHandleAt(scratch.fd, handle, O.PATH)).toBe(-E.BADF);
  unlinkSync(at('short-lived'));
  expect(hostfs.openByHandleAt(mount, handle, O.PATH)).toBe(-E.STALE);
});

onExported('the pool says the same', async () => {
  writeFileSync(at('pool'), '');
  const handle = new FileHandle();
  await hostfs.nameToHandleAtAsync(scratch.fd, bytes('pool'), handle.bytes, 0);
  expect([...handle.handle]).toEqual([...handleOf('pool').handle]);
});

test('a handle that does not have the bytes it speaks of never gets to the kernel', () => {
  const claims = (length: number, given: number) => {
    const handle = new Uint8Array(given);
    new DataView(handle.buffer).setUint32(0, length, true);
    return hostfs.openByHandleAt(mount, handle, O.PATH);
  };
  for (const [length, given] of [
    [8, 8],
    [8, 15],
    [8, 17],
    [0xffffffff, 8],
    [128, 140],
    [200, 208],
  ] as const) {
    expect(claims(length, given)).toBe(-E.INVAL);
  }
});

test('what has no name here has no handle', () => {
  const { bytes: out } = new FileHandle();
  expect(hostfs.nameToHandleAt(scratch.fd, bytes('missing'), out, 0)).toBe(-E.NOENT);
  expect(hostfs.nameToHandleAt(scratch.fd, new Uint8Array(4096).fill(97), out, 0)).toBe(-E.NAMETOOLONG);
});
