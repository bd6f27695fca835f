import { IdMap, type IdRange } from '../../ninep/layers/id-map/id-ranges.ts';
import type { StoringLayers, TreeLayers } from '../export-config.ts';
import type { OptionValues } from './option-table.ts';
import { readThrottling, THROTTLING } from './throttling.ts';
import { integer, onOff, size, type ValueType } from './value-type.ts';

/** Ranges as a user namespace has them, joined by plus signs: commas and blanks would end the option. */
const idRanges: ValueType<readonly IdRange[]> = {
  notation: 'INSIDE:OUTSIDE:COUNT[+...]',
  parse(given) {
    const ranges: IdRange[] = [];
    for (const part of given.split('+')) {
      const match = /^(\d+):(\d+):(\d+)$/.exec(part);
      if (match === null) return { wrong: `'${part}' is no range; write it like 0:1000:1` };
      ranges.push({ inside: Number(match[1]), outside: Number(match[2]), count: Number(match[3]) });
    }
    try {
      new IdMap(ranges);
    } catch (error) {
      if (error instanceof RangeError) return { wrong: `'${given}': ${error.message}` };
      throw error;
    }
    return { value: ranges };
  },
};

/** The key for counting, which is also there for several exports together. */
export const COUNTERS = {
  counters: { type: onOff, doc: 'on: count messages, for the guest to read in .tsvmm/counters (default off)' },
} as const;

/** The keys every driver takes. */
export const TREE_LAYERS = {
  uid_map: { type: idRanges, doc: "users in the guest and on the host, as in a user namespace's uid_map" },
  gid_map: { type: idRanges, doc: 'groups likewise' },
  ...COUNTERS,
  ...THROTTLING,
} as const;

/** The keys of drivers that store what the guest writes. */
export const STORING_LAYERS = {
  'quota.bytes': { type: size(0, Number.MAX_SAFE_INTEGER, 1, 'B'), doc: 'the most disk space the share may take' },
  'quota.inodes': { type: integer(1, Number.MAX_SAFE_INTEGER), doc: 'the most files and directories it may have' },
  ...TREE_LAYERS,
} as const;

/**
 * What the keys of `TREE_LAYERS` say.
 *
 * @throws RangeError, one line, for keys that contradict each other.
 */
export function readTreeLayers(values: OptionValues<typeof TREE_LAYERS>): TreeLayers {
  const throttling = readThrottling(values);
  const { uid_map, gid_map, counters } = values;
  return {
    ...(uid_map === undefined ? {} : { uidMap: uid_map }),
    ...(gid_map === undefined ? {} : { gidMap: gid_map }),
    ...(counters === undefined ? {} : { counters }),
    ...(throttling === undefined ? {} : { throttling }),
  };
}

/** What the keys of `STORING_LAYERS` say. Throws as `readTreeLayers`. */
export function readStoringLayers(values: OptionValues<typeof STORING_LAYERS>): StoringLayers {
  const { 'quota.bytes': bytes, 'quota.inodes': inodes } = values;
  const quota = { ...(bytes === undefined ? {} : { bytes }), ...(inodes === undefined ? {} : { inodes }) };
  const isLimited = bytes !== undefined || inodes !== undefined;
  return { ...(isLimited ? { quota } : {}), ...readTreeLayers(values) };
}
