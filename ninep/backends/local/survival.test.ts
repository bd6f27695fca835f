import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AT, E, FileHandle, type Hostfs, loadHostfs, O } from 'node-hostfs';
import { Descriptors } from './descriptors.ts';
import { Handles } from './handles.ts';
import type { HostObject } from './host-object.ts';
import { bytes, errorOf, handlesWork, openDescriptors } from './local-fixture.ts';
import { settingsOf } from './settings.ts';
import { Share } from './share.ts';
import { lookup } from './walk.ts';

/** Objects that are parked while the host or a client takes, moves or replaces their names. */

const hostfs = loadHostfs() as { -readonly [K in keyof Hostfs]: Hostfs[K] };
const { openByHandleAt } = hostfs;
const describeHandles = handlesWork() ? describe : describe.skip;
const LIMIT = 60;

let around: string;
let before: number;
let descriptors: Descriptors;
let share: Share;
let objects: HostObject[];

const at = (name: string) => join(around, 'share', name);

function begin(withHandles: boolean): void {
  hostfs.openByHandleAt = withHandles ? openByHandleAt : () => -E.PERM;
  before = openDescriptors();
  around = mkdtempSync(join(tmpdir(), 'survival-'));
  for (const name of ['share', 'share/d', 'share/empty', 'outside']) mkdirSync(join(around, name));
  for (const name of ['a', 'b', 'd/in']) writeFileSync(at(name), name);
  symlinkSync('target', at('link'));
  execFileSync('mkfifo', [at('fifo')]);
  descriptors = new Descriptors(LIMIT);
  share = new Share(settingsOf({ path: at(''), securityModel: 'none' }), descriptors);
  objects = [];
}

afterEach(async () => {
  for (const object of objects) await object.release();
  share.handles.close();
  await share.root.release();
  hostfs.openByHandleAt = openByHandleAt;
  rmSync(around, { recursive: true });
  expect(descriptors.held).toBe(0);
  expect(openDescriptors()).toBe(before);
});

/** An object found by its path, its descriptor closed. */
function parked(path: string): HostObject {
  const object = held(path);
  expect(object.park()).toBe(true);
  return object;
}

function held(path: string): HostObject {
  let object = share.root.retain();
  for (const name of path.split('/')) {
    const { object: next } = lookup(share, object, bytes(name));
    object.release();
    object = next;
  }
  objects.push(object);
  return object;
}

/** Whether the object is to be had, and is the one it was. */
async function isItself(object: HostObject): Promise<string> {
  return errorOf(() => expect(object.matches(share.statOf(object.fd))).toBe(true));
}

function linksOf(object: HostObject): number {
  return share.statOf(object.fd).nlink;
}

const remove = (name: string, flags = 0) => share.names.remove(share.root, bytes(name), flags);
const move = (from: string, to: string) => share.names.move(share.root, bytes(from), share.root, bytes(to));

describeHandles('what the host does to parked objects, where they have handles', () => {
  beforeEach(() => begin(true));

  test.each(['a', 'd', 'd/in', 'link', 'fifo'])('%s is itself wherever it went', async (name) => {
    const object = parked(name);
    renameSync(at(name), at('renamed'));
    writeFileSync(at(name), 'an impostor');
    expect(await isItself(object)).toBe('success');
    expect(object.park()).toBe(true);
    renameSync(at('renamed'), join(around, 'outside/moved'));
    expect(await isItself(object)).toBe('success');
  });

  test('what is below a directory that was moved is itself', async () => {
    const object = parked('d/in');
    renameSync(at('d'), at('moved'));
    expect(await isItself(object)).toBe('success');
  });

  test('what is outside is held as if it had never been parked: without a way up, and parked by its handle alone', async () => {
    const object = parked('d');
    renameSync(at('d'), join(around, 'outside/d'));
    expect(await errorOf(() => lookup(share, object, bytes('..')))).toBe('ENOENT');
    expect(object.park()).toBe(true);
    const inside = lookup(share, object, bytes('in')).object;
    objects.push(inside);
    expect(inside.park()).toBe(true);
    expect(await isItself(inside)).toBe('success');
  });

  test('one of two names taken away leaves it the other', async () => {
    const object = parked('a');
    linkSync(at('a'), join(around, 'outside/a'));
    unlinkSync(at('a'));
    expect(await isItself(object)).toBe('success');
  });

  test('a file that is gone is ESTALE, whoever got its name or its inode number', async () => {
    const object = parked('a');
    const { ino } = statSync(at('a'), { bigint: true });
    unlinkSync(at('a'));
    writeFileSync(at('a'), 'an impostor');
    for (let i = 0; i < 100 && statSync(at('a'), { bigint: true }).ino !== ino; i++) writeFileSync(at(`new${i}`), '');
    expect(await isItself(object)).toBe('ESTALE');
    expect(await isItself(object)).toBe('ESTALE');
  });

  test('an object that another one took the handle of is compared, and is ESTALE', async () => {
    const object = parked('a');
    renameSync(at('a'), at('elsewhere'));
    hostfs.openByHandleAt = () => hostfs.openat(AT.FDCWD, bytes(at('b')), O.PATH, 0);
    expect(await isItself(object)).toBe('ESTALE');
  });

  test('an object on another mount has no handle, since it would come back without that mount', () => {
    const other = hostfs.openat(AT.FDCWD, bytes('/dev/shm'), O.PATH | O.DIRECTORY, 0);
    expect(hostfs.nameToHandleAt(other, bytes(''), new FileHandle().bytes, AT.EMPTY_PATH)).toBeGreaterThan(0);
    const handles = new Handles(hostfs, share.root.fd, descriptors);
    expect([handles.of(other), handles.of(share.root.fd)]).toEqual([undefined, expect.any(String)]);
    handles.close();
    expect(handles.of(share.root.fd)).toBeUndefined();
    hostfs.close(other);
  });

  test('one of two names that a client takes away costs no descriptor', async () => {
    linkSync(at('a'), at('other'));
    const object = parked('a');
    const { held } = descriptors;
    remove('a');
    expect(descriptors.held).toBe(held);
    expect(await isItself(object)).toBe('success');
  });

  test('without a descriptor to spare for the mount there are none', () => {
    while (descriptors.held < 50) descriptors.take();
    const handles = new Handles(hostfs, share.root.fd, descriptors);
    expect(handles.available).toBe(false);
    while (descriptors.held > 2) descriptors.give();
  });
});

describe('what the host does to parked objects, where they have no handles', () => {
  beforeEach(() => begin(false));

  test('one that was moved is ESTALE until it is back', async () => {
    expect(share.handles.available).toBe(false);
    const object = parked('a');
    renameSync(at('a'), at('elsewhere'));
    expect(await isItself(object)).toBe('ESTALE');
    renameSync(at('elsewhere'), at('a'));
    expect(await isItself(object)).toBe('success');
  });

  test('one that was moved out of the share keeps its descriptor', () => {
    const object = held('a');
    renameSync(at('a'), join(around, 'outside/a'));
    expect(object.park()).toBe(false);
  });

  test('one of two names that a client takes away keeps the file', async () => {
    linkSync(at('a'), at('other'));
    const object = parked('a');
    remove('a');
    expect(await isItself(object)).toBe('success');
  });
});

describe.each([true, false])('what a client does to parked objects (handles: %s)', (withHandles) => {
  beforeEach(() => begin(withHandles));

  const TAKEN: readonly [name: string, take: () => unknown][] = [
    ['a', () => remove('a')],
    ['link', () => remove('link')],
    ['fifo', () => remove('fifo')],
    ['empty', () => remove('empty', AT.REMOVEDIR)],
    ['a', () => move('b', 'a')],
    ['empty', () => move('d', 'empty')],
  ];
  test.each(TAKEN)(
    '%s survives the loss of its name, for all who hold it and at the cost of one descriptor (%#)',
    async (name, take) => {
      const all = [parked(name), parked(name), parked(name)];
      const { held } = descriptors;
      take();
      expect(descriptors.held).toBe(held + 1);
      for (const object of all) expect(await isItself(object)).toBe('success');
      for (const object of all) expect(linksOf(object)).toBe(0);
      expect(descriptors.held).toBe(held + 3);
    },
  );

  test('what was released without ever being used again leaves nothing behind', async () => {
    const { held } = descriptors;
    const all = [parked('a'), parked('a')];
    remove('a');
    for (const object of all) await object.release();
    objects = [];
    expect(descriptors.held).toBe(held);
  });

  test('what cannot be taken away keeps nothing', async () => {
    const object = parked('d');
    const { held } = descriptors;
    expect(await errorOf(() => remove('d', AT.REMOVEDIR))).toBe('ENOTEMPTY');
    expect(await errorOf(() => move('empty', 'd'))).toBe('ENOTEMPTY');
    expect(descriptors.held).toBe(held);
    expect(await isItself(object)).toBe('success');
  });

  test('a rename between two names of one file, which does nothing, keeps nothing', async () => {
    linkSync(at('a'), at('other'));
    const object = parked('a');
    const { held } = descriptors;
    move('a', 'other');
    expect(descriptors.held).toBe(held);
    expect(await isItself(object)).toBe('success');
  });

  test('a name whose file could not survive is not taken away: EMFILE', async () => {
    const object = parked('a');
    const { held } = descriptors;
    while (descriptors.held < 50) descriptors.take();
    expect(await errorOf(() => remove('a'))).toBe('EMFILE');
    expect(await errorOf(() => move('b', 'a'))).toBe('EMFILE');
    expect([existsSync(at('a')), existsSync(at('b')), descriptors.held]).toEqual([true, true, 50]);
    remove('empty', AT.REMOVEDIR);
    expect(existsSync(at('empty'))).toBe(false);
    while (descriptors.held > held) descriptors.give();
    expect(await isItself(object)).toBe('success');
  });

  test('a shortage of the host is EMFILE, and the object is there again later', async () => {
    const object = parked('a');
    const { openat2 } = hostfs;
    const { held } = descriptors;
    hostfs.openat2 = () => -E.MFILE;
    expect(await errorOf(() => object.fd)).toBe('EMFILE');
    expect(await errorOf(() => remove('a'))).toBe('EMFILE');
    hostfs.openat2 = openat2;
    expect([existsSync(at('a')), descriptors.held]).toEqual([true, held]);
    expect(await isItself(object)).toBe('success');
  });

  test('a directory that is moved takes what is parked below it along', async () => {
    const object = parked('d/in');
    move('d', 'moved');
    expect(await isItself(object)).toBe('success');
    rmSync(at('moved/in'));
    rmdirSync(at('moved'));
  });
});
