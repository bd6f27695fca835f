/**
 * What is made gets owner and mode by as few calls as will do. These tests hold that equal to the long way, of which each step is
 * plain: made for its maker alone, given its owner, given its mode; and to the promise that nobody has a right on the way
 * that they do not have in the end.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AT, type Hostfs, loadHostfs, O } from 'node-hostfs';
import { bytes, Fixture, isRoot, now, user } from './local-fixture.ts';

const KINDS = ['file', 'directory', 'node'] as const;
type Kind = (typeof KINDS)[number];

const [OWN_UID, OWN_GID] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
const OWNERS: readonly (readonly [uid: number | undefined, gid: number])[] = isRoot
  ? [
      [undefined, 0],
      [0, 0],
      [0, 4321],
      [1234, 0],
      [1234, 4321],
    ]
  : [[OWN_UID, OWN_GID]];
const MODES = [0, 0o077, 0o400, 0o600, 0o604, 0o640, 0o644, 0o664, 0o666, 0o755, 0o777, 0o1777, 0o2755, 0o4755];

/** Entries of an ACL: rwx for a user and a group by name, within a mask, and nothing for others. */
const DEFAULT_ACL = acl([1, 7], [2, 7, 1000], [4, 5], [8, 6, 1001], [0x10, 7], [0x20, 0]);

/** What directories to make things in are like, by their names. */
const PLACES: Readonly<Record<string, (path: string, hostfs: Hostfs) => void>> = {
  plain: () => {},
  setgid: (path) => {
    if (isRoot) chownSync(path, 0, 777);
    chmodSync(path, 0o2777);
  },
  acl: (path, hostfs) => {
    const fd = hostfs.openat(AT.FDCWD, bytes(path), O.PATH, 0);
    // A file system without ACLs leaves a plain directory.
    hostfs.setxattr(fd, bytes('system.posix_acl_default'), DEFAULT_ACL, 0);
    hostfs.close(fd);
  },
};

function acl(...entries: (readonly [tag: number, rights: number, id?: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 8 * entries.length));
  view.setUint32(0, 2, true);
  for (const [index, [tag, rights, id = 0xffff_ffff]] of entries.entries()) {
    view.setUint16(4 + 8 * index, tag, true);
    view.setUint16(6 + 8 * index, rights, true);
    view.setUint32(8 + 8 * index, id, true);
  }
  return new Uint8Array(view.buffer);
}

const hostfs = loadHostfs();
let umask: number;
beforeEach(() => {
  umask = process.umask();
});
afterEach(() => {
  process.umask(umask);
});

/** Tells what the last thing made was like when it was new. */
function watchingBirths(path: () => string): { hostfs: Hostfs; born: () => Stats } {
  let born: Stats | undefined;
  const note = (result: number) => {
    if (result >= 0) born = lstatSync(path());
    return result;
  };
  return {
    hostfs: {
      ...hostfs,
      openat2: (dirfd, name, flags, mode, resolve) => {
        const fd = hostfs.openat2(dirfd, name, flags, mode, resolve);
        return (flags & O.CREAT) === 0 ? fd : note(fd);
      },
      mkdirat: (...args) => note(hostfs.mkdirat(...args)),
      mknodat: (...args) => note(hostfs.mknodat(...args)),
    },
    born: () => born ?? lstatSync(path()),
  };
}

function makeByShare(share: Fixture, kind: Kind, uid: number | undefined, gid: number, mode: number): void {
  const root = now(share.backend.attach(user(uid)));
  const { node: place } = now(root.walk([bytes('place')]));
  if (place === undefined) throw new Error('there is no place');
  if (kind === 'directory') now(place.mkdir(bytes('new'), mode, gid));
  else if (kind === 'node') now(place.mknod(bytes('new'), 0o100000 | mode, 0, 0, gid));
  else {
    const { node, file } = now(place.create(bytes('new'), O.RDWR, mode, gid));
    now(file.release());
    now(node.release());
  }
  now(place.release());
  now(root.release());
}

function makePlainly(path: string, kind: Kind, uid: number | undefined, gid: number, mode: number): void {
  const at = hostfs.openat(AT.FDCWD, bytes(path), O.PATH, 0);
  const name = bytes('new');
  if (kind === 'directory') hostfs.mkdirat(at, name, 0o700);
  else hostfs.mknodat(at, name, 0o100600, 0);
  const fd = hostfs.openat2(at, name, O.PATH, 0, 0);
  hostfs.fchownat(fd, bytes(''), uid ?? 0xffff_ffff, gid, AT.EMPTY_PATH);
  hostfs.fchmod(fd, mode);
  for (const one of [fd, at]) hostfs.close(one);
}

/** Owner, mode and ACLs. */
function likeness(path: string): unknown {
  const { uid, gid, mode } = lstatSync(path);
  const fd = hostfs.openat(AT.FDCWD, bytes(path), O.PATH, 0);
  const acls = ['access', 'default'].map((which) => {
    const value = new Uint8Array(1000);
    const length = hostfs.getxattr(fd, bytes(`system.posix_acl_${which}`), value);
    return length < 0 ? length : Buffer.from(value.subarray(0, length)).toString('hex');
  });
  hostfs.close(fd);
  return [uid, gid, mode.toString(8), ...acls];
}

/** What somebody may do with it: 0 to 7. */
function rights({ uid, gid, mode }: Stats, who: { uid: number; gid: number }): number {
  if (uid === who.uid) return (mode >> 6) & 7;
  return (gid === who.gid ? mode >> 3 : mode) & 7;
}

describe.each(KINDS)('a new %s', (kind) => {
  test.each(Object.keys(PLACES))('in a directory that is %s is as one that was made step by step', async (place) => {
    const watching = watchingBirths(() => share.at('place/new'));
    const share = new Fixture({ securityModel: 'passthrough', hostfs: watching.hostfs });
    mkdirSync(share.at('reference'));
    mkdirSync(share.at('place'));
    for (const name of ['place', 'reference']) PLACES[place]?.(share.at(name), hostfs);
    for (const mask of [0o022, 0o077]) {
      process.umask(mask);
      for (const [uid, gid] of OWNERS) {
        for (const mode of MODES) {
          makeByShare(share, kind, uid, gid, mode);
          makePlainly(share.at('reference'), kind, uid, gid, mode);
          const what = `${kind} in ${place}, umask ${mask.toString(8)}, ${uid}:${gid} ${mode.toString(8)}`;
          expect([what, likeness(share.at('place/new'))]).toEqual([what, likeness(share.at('reference/new'))]);
          const [born, final] = [watching.born(), lstatSync(share.at('place/new'))];
          expect([what, born.mode & 0o5000, kind === 'directory' ? 0 : born.mode & 0o2000]).toEqual([what, 0, 0]);
          for (const who of [uid ?? OWN_UID, 99].flatMap((id) =>
            [gid, born.gid, 98].map((of) => ({ uid: id, gid: of })),
          )) {
            // Nobody keeps from the server what it made.
            if (place === 'acl' || who.uid === OWN_UID) continue;
            expect([what, who, rights(born, who) & ~rights(final, who)]).toEqual([what, who, 0]);
          }
          for (const name of ['place', 'reference']) {
            const at = hostfs.openat(AT.FDCWD, bytes(share.at(name)), O.PATH, 0);
            expect(hostfs.unlinkat(at, bytes('new'), kind === 'directory' ? AT.REMOVEDIR : 0)).toBe(0);
            hostfs.close(at);
          }
        }
      }
    }
    expect(await share.close()).toBe(0);
  });
});
