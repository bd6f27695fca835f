import { resolve } from 'node:path';
import type { Backend, Credential } from '../../ninep/backend.ts';
import type { ExportTable } from '../../ninep/connection.ts';
import { fail } from '../../ninep/errno.ts';
import type { ShareConfig } from '../config.ts';
import { hostPaths } from '../export-config.ts';

/** One tree, or several told apart by aname. */
type Exported = Backend | ExportTable;

const NO_NAME = new Uint8Array(0);

/**
 * Picks the share a client attaches to by its aname. A single share is given whatever the name, as clients send "", "/"
 * or a path of their own making; of several, one is named by mount tag, id or path on the host, and there is no default. A
 * share that is itself a table picks by the aname where it is the only one, and is had by its default otherwise.
 */
export class Exports implements ExportTable {
  private readonly byName = new Map<string, Exported>();
  private readonly only: Exported | undefined;

  /** @param named trees that are had by exactly that name, also where there is a single share. */
  constructor(
    shares: readonly { readonly share: ShareConfig; readonly exported: Exported }[],
    named: Readonly<Record<string, Backend>> = {},
  ) {
    this.only = shares.length === 1 ? shares[0]?.exported : undefined;
    // A directory shared twice, say once read-only, is to be named by its tag; and a table has no path of its own.
    const paths = shares.map(({ share }) =>
      share.driver === 'exports' ? [] : hostPaths(share).map((path) => resolve(path)),
    );
    const all = paths.flat();
    for (const [index, { exported }] of shares.entries()) {
      for (const path of paths[index] ?? []) {
        if (all.indexOf(path) === all.lastIndexOf(path)) this.byName.set(path, exported);
      }
    }
    for (const { share, exported } of shares) if (share.id !== undefined) this.byName.set(share.id, exported);
    for (const { share, exported } of shares) this.byName.set(share.mountTag, exported);
    for (const [name, backend] of Object.entries(named)) this.byName.set(name, backend);
  }

  select(credential: Credential): Backend {
    const byName = this.byName.get(new TextDecoder().decode(credential.aname));
    if (byName !== undefined) return treeOf(byName, { ...credential, aname: NO_NAME });
    return this.only === undefined ? fail('ENOENT') : treeOf(this.only, credential);
  }
}

function treeOf(exported: Exported, credential: Credential): Backend {
  return 'select' in exported ? exported.select(credential) : exported;
}
