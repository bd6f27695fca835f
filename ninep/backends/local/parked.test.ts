import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { HostObject } from './host-object.ts';
import { bytes } from './local-fixture.ts';
import { Parked } from './parked.ts';
import { settingsOf } from './settings.ts';
import { Share } from './share.ts';
import { lookup } from './walk.ts';

let path: string;
let share: Share;
let directory: HostObject;
let objects: HostObject[];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'parked-'));
  mkdirSync(join(path, 'd'));
  share = new Share(settingsOf({ path, securityModel: 'none' }));
  directory = lookup(share, share.root, bytes('d')).object;
  objects = ['a', 'b', 'c'].map((name) => {
    writeFileSync(join(path, 'd', name), '');
    return lookup(share, directory, bytes(name)).object;
  });
});
afterEach(async () => {
  for (const object of [...objects, directory, share.root]) await object.release();
  share.handles.close();
  rmSync(path, { recursive: true });
});

const opened = (parked: Parked) =>
  objects.map((object) => {
    const fd = parked.open(object);
    if (fd !== undefined) share.hostfs.close(fd);
    return fd !== undefined;
  });

test('paths that are more than the budget of bytes are not kept, until others are forgotten', () => {
  const parked = new Parked(share, undefined, 'd/a'.length + 'd/b'.length);
  expect(objects.map((object) => parked.add(object, object.fd))).toEqual([true, true, false]);
  for (const object of objects) parked.remove(object);
  expect(objects.map((object) => parked.add(object, object.fd))).toEqual([true, true, false]);
  expect(opened(parked)).toEqual([true, true, false]);
  expect(objects.map((object) => parked.add(object, object.fd))).toEqual([true, true, false]);
});

test('a rename that makes paths longer than the budget loses what no longer fits', () => {
  const parked = new Parked(share, undefined, 12);
  expect(objects.map((object) => parked.add(object, object.fd))).toEqual([true, true, true]);
  renameSync(join(path, 'd'), join(path, 'dir'));
  parked.moved('d', 'dir');
  // 9 bytes become 11; the second path is dropped to make room, so the third fits.
  expect(opened(parked)).toEqual([true, false, true]);
  expect(objects.map((object) => parked.add(object, object.fd))).toEqual([true, true, false]);
});
