import { mountPoint } from '../boot-plan.ts';
import type { ShareConfig } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import { remedyFor } from './nearest.ts';

/** What `--mount TAG=none` writes: the guest mounts this share itself, or not at all. */
const UNMOUNTED = 'none';

/**
 * Says of each share where the guest mounts it, by the `TAG=PATH` strings of `--mount`. A share whose tag cannot be a
 * directory's name, such as `/dev/root`, is left to the guest unless a place is named. Throws UsageError.
 */
export function placeShares(shares: readonly ShareConfig[], mounts: readonly string[]): ShareConfig[] {
  const places = new Map<string, string>();
  for (const mount of mounts) {
    const { tag, place } = parseMount(mount, shares);
    if (places.has(tag)) throw new UsageError(`--mount: ${tag} is given twice`);
    places.set(tag, place);
  }
  const placed = shares.map((share) => {
    const place = places.get(share.mountTag);
    if (place !== undefined) return { ...share, mountAt: place === UNMOUNTED ? (false as const) : place };
    return isDirectoryName(share.mountTag) ? share : { ...share, mountAt: false as const };
  });
  refuseSharedPlaces(placed);
  return placed;
}

function parseMount(mount: string, shares: readonly ShareConfig[]): { tag: string; place: string } {
  const refuse = (line: string): never => {
    throw new UsageError(`--mount: ${line}`);
  };
  const tags = shares.map(({ mountTag }) => mountTag);
  const tag = tags.filter((known) => mount.startsWith(`${known}=`)).sort((a, b) => b.length - a.length)[0];
  if (tag === undefined) {
    const equals = mount.indexOf('=');
    if (equals < 0) return refuse(`'${mount}' lacks a path; write TAG=PATH`);
    const wanted = mount.slice(0, equals);
    if (tags.length === 0) return refuse(`no share has the tag '${wanted}'; add --virtfs local,path=DIR,mount_tag=TAG`);
    return refuse(`no share has the tag '${wanted}'; ${remedyFor(wanted, tags, 'tag')}`);
  }
  const place = mount.slice(tag.length + 1);
  if (place === UNMOUNTED) return { tag, place };
  if (!place.startsWith('/')) return refuse(`'${place}' is no absolute path; write ${tag}=/PATH, or ${tag}=none`);
  const names = place.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) return refuse(`${place} contains '..'; name the place itself`);
  if (names.length === 0) return refuse(`${tag}=/ would cover the guest's root; boot from a directory with --root DIR`);
  return { tag, place: `/${names.join('/')}` };
}

function isDirectoryName(tag: string): boolean {
  return !tag.includes('/') && tag !== '.' && tag !== '..';
}

function refuseSharedPlaces(shares: readonly ShareConfig[]): void {
  const taken = new Map<string, string>();
  for (const share of shares) {
    const place = mountPoint(share);
    if (place === false) continue;
    const other = taken.get(place);
    if (other !== undefined) {
      throw new UsageError(`--mount: ${other} and ${share.mountTag} would both be mounted at ${place}`);
    }
    taken.set(place, share.mountTag);
  }
}
