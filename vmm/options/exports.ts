import type { ExportConfig, ExportsExport, TreeExport } from '../export-config.ts';
import { COUNTERS } from './layers.ts';
import type { OptionValues } from './option-table.ts';
import { identifier, text, type ValueType } from './value-type.ts';

/** An export among several: the aname a client asks for it by, and the --fsdev behind it. */
interface Member {
  readonly name: string;
  readonly id: string;
}

/** Members joined by plus signs; a name in front is for anames that cannot be identifiers. */
const members: ValueType<readonly Member[]> = {
  notation: '[ANAME:]ID[+...]',
  parse(given) {
    const found: Member[] = [];
    for (const part of given.split('+')) {
      const colon = part.lastIndexOf(':');
      const outcome = identifier.parse(part.slice(colon + 1));
      if ('wrong' in outcome) return outcome;
      const name = colon < 0 ? outcome.value : part.slice(0, colon);
      if (name === '') return { wrong: `'${part}' lacks the aname before the colon` };
      if (found.some((other) => other.name === name)) return { wrong: `'${given}' has two exports called '${name}'` };
      found.push({ name, id: outcome.value });
    }
    return { value: found };
  },
};

/** The keys of `--fsdev exports`. */
export const EXPORTS = {
  of: { type: members, doc: 'the --fsdev behind each export, known to mounts by its id or by ANAME', required: true },
  default: { type: text('ANAME'), doc: 'whom a mount without aname= gets (default the first)' },
  ...COUNTERS,
} as const;

/** Finds what an --fsdev exports by its id; throws RangeError, one line, where there is none. */
export type FindExport = (id: string) => ExportConfig;

/** Puts exports of their own behind one. Throws RangeError, one line. */
export function describeExports(values: OptionValues<typeof EXPORTS>, find: FindExport): ExportsExport {
  const { of, default: byDefault, counters } = values;
  const trees = new Map([...new Set(of.map(({ id }) => id))].map((id) => [id, treeOf(id, find)]));
  const exports: Record<string, TreeExport> = {};
  for (const { name, id } of of) {
    const tree = trees.get(id);
    if (tree !== undefined) exports[name] = tree;
  }
  if (byDefault !== undefined && !Object.hasOwn(exports, byDefault)) {
    throw new RangeError(`default=${byDefault} is none of the exports; they are ${Object.keys(exports).join(', ')}`);
  }
  return {
    driver: 'exports',
    exports,
    // Object keys that look like numbers come first in an object, so the first is not left to it.
    byDefault: byDefault ?? of[0]?.name ?? '',
    ...(counters === undefined ? {} : { counters }),
  };
}

function treeOf(id: string, find: FindExport): TreeExport {
  const found = find(id);
  if (found.driver === 'exports') throw new RangeError(`of: ${id} is several exports itself; name those`);
  if (found.counters !== undefined) {
    throw new RangeError(
      `of: ${id} has counters of its own; write counters=on behind exports instead, which counts all`,
    );
  }
  return found;
}
