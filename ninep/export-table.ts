import { utf8 } from '../bytes/wire.ts';
import type { Backend } from './backend.ts';
import type { ExportTable } from './connection.ts';
import { fail } from './errno.ts';

/**
 * Several exports behind one transport, told apart by the aname of Tattach. The empty aname, which Linux sends unless the
 * mount names another, is the one called `byDefault`; a name that is not there is ENOENT.
 *
 * @throws RangeError if `byDefault` is none of them.
 */
export function exportTable(exports: ReadonlyMap<string, Backend>, byDefault: string): ExportTable {
  const table = new Map([...exports].map(([name, backend]) => [keyOf(utf8(name)), backend]));
  const first = exports.get(byDefault);
  if (first === undefined) throw new RangeError(`no export is called '${byDefault}'`);
  return {
    select({ aname }) {
      if (aname.length === 0) return first;
      return table.get(keyOf(aname)) ?? fail('ENOENT');
    },
  };
}

/** Names are bytes; as map keys they are strings of one character per byte. */
function keyOf(name: Uint8Array): string {
  let key = '';
  for (const byte of name) key += String.fromCharCode(byte);
  return key;
}
