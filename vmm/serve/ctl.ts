import { readFileSync } from 'node:fs';
import { utf8 } from '../../bytes/wire.ts';
import type { Backend } from '../../ninep/backend.ts';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import type { ShareConfig } from '../config.ts';
import { hostPaths } from '../export-config.ts';

/** What the tree tells of. */
export interface CtlOptions {
  readonly shares: readonly ShareConfig[];
  /** The machine of each client connected now. */
  readonly hosts: () => readonly string[];
}

/**
 * The tree that diod's tools look at: dioddate reads `date`, diodshowmount `connections`, and diodload copies `zero` to
 * `null`. `dtop` also wants `tpools`, counters of diod's thread pools, which do not exist here.
 *
 * @spec diod 1.0 ctl: date is "seconds.microseconds minuteswest.dsttime", connections "host count", exports
 *   "path options users hosts" with - for none
 */
export function createCtl({ shares, hosts }: CtlOptions): Backend {
  const tree = createSynth();
  const { root } = tree;
  root.file('version', () => utf8(`tsvmm-${packageVersion()}\n`));
  root.file('date', () => utf8(date(Date.now())));
  root.file('connections', () => utf8(connections(hosts())));
  root.file('exports', utf8(shares.map(exportLine).join('')));
  root.special('null', { read: () => 0, write: (_offset, from) => total(from) }, { mode: 0o666 });
  root.special('zero', { read: (_offset, into) => zero(into) }, { mode: 0o444 });
  return tree;
}

function date(nowMs: number): string {
  const microseconds = String((nowMs % 1000) * 1000).padStart(6, '0');
  return `${Math.floor(nowMs / 1000)}.${microseconds} ${new Date(nowMs).getTimezoneOffset()}.0\n`;
}

function connections(hosts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1);
  return [...counts].map(([host, count]) => `${host} ${count}\n`).join('');
}

/** A tree that is no directory of the host goes by its tag. */
function exportLine(share: ShareConfig): string {
  const [path = share.mountTag] = hostPaths(share);
  const readonly = 'readonly' in share && share.readonly === true;
  // Blanks and line ends would be taken for the next field.
  return `${path.replaceAll(/\s/g, '?')} ${readonly ? 'ro' : '-'} - -\n`;
}

function zero(into: readonly Uint8Array[]): number {
  for (const piece of into) piece.fill(0);
  return total(into);
}

function total(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
