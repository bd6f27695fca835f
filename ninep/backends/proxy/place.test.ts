import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { Place } from './place.ts';

const names = (path: string) => path.split('/').map(utf8);
const pathOf = (place: Place) =>
  place
    .path()
    ?.map((name) => new TextDecoder().decode(name))
    .join('/');

describe('places', () => {
  test('one place for one way, whatever the detours', () => {
    const root = Place.root().retain();
    const file = root.walk(names('a/b/file'));
    expect(root.walk(names('a/./x/../b/file'))).toBe(file);
    expect(root.walk(names('..'))).toBe(root);
    expect(pathOf(file)).toBe('a/b/file');
  });

  test('a rename moves all below, and takes the name from what had it', () => {
    const root = Place.root().retain();
    const file = root.walk(names('a/b/file'));
    const covered = root.walk(names('c/d'));
    root.walk(names('a')).renamed(utf8('b'), root.walk(names('c')), utf8('d'));
    expect(pathOf(file)).toBe('c/d/file');
    expect(covered.path()).toBeUndefined();
    covered.moveTo(root, utf8('back'));
    expect(pathOf(covered)).toBe('back');
  });

  test('what was removed has no way, nor has what is below it; the name is free for others', () => {
    const root = Place.root().retain();
    const file = root.walk(names('a/file'));
    root.removed(utf8('a'));
    expect(file.path()).toBeUndefined();
    expect(pathOf(root.walk(names('a/file')))).toBe('a/file');
  });

  test('a directory that is said to be in itself has no way, and nothing goes in circles', () => {
    const root = Place.root().retain();
    const outer = root.walk(names('a'));
    const inner = root.walk(names('a/b/c'));
    root.renamed(utf8('a'), inner, utf8('x'));
    expect(inner.path()).toBeUndefined();
    inner.release();
    outer.release();
  });

  test('what nobody holds is forgotten', () => {
    const root = Place.root().retain();
    for (let i = 0; i < 100; i++) root.walk(names(`dir${i}/../other/x/../..`)).release();
    const held = root.walk(names('a/b/c'));
    expect([...(root.walk(names('a')).path() ?? [])]).toHaveLength(1);
    held.release();
    // One use of `a` is left from the line above.
    expect(Reflect.get(root, 'children').size).toBe(1);
  });
});
