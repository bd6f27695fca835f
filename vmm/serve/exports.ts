import { resolve } from 'node:path';
import type { Backend, Credential } from '../../ninep/backend.ts';
import type { ExportTable } from '../../ninep/connection.ts';
import { fail } from '../../ninep/errno.ts';
import type { ShareConfig } from '../config.ts';

/**
 * Picks the share a client attaches to by its aname. A single share is given whatever the name, as clients send "", "/"
 * or a path of their own making; of several, one is named by mount tag, id or path on the host, and there is no default.
 */
export class Exports implements ExportTable {
  private readonly byName = new Map<string, Backend>();
  private readonly only: Backend | undefined;

  /** @param named trees that are had by exactly that name, also where there is a single share. */
  constructor(
    shares: readonly { readonly share: ShareConfig; readonly backend: Backend }[],
    named: Readonly<Record<string, Backend>> = {},
  ) {
    this.only = shares.length === 1 ? shares[0]?.backend : undefined;
    const paths = shares.map(({ share }) => resolve(share.path));
    for (const [index, { backend }] of shares.entries()) {
      const path = paths[index] ?? '';
      // A directory shared twice, say once read-only, is to be named by its tag.
      if (paths.indexOf(path) === paths.lastIndexOf(path)) this.byName.set(path, backend);
    }
    for (const { share, backend } of shares) if (share.id !== undefined) this.byName.set(share.id, backend);
    for (const { share, backend } of shares) this.byName.set(share.mountTag, backend);
    for (const [name, backend] of Object.entries(named)) this.byName.set(name, backend);
  }

  select({ aname }: Credential): Backend {
    return this.byName.get(new TextDecoder().decode(aname)) ?? this.only ?? fail('ENOENT');
  }
}
