import { mkdirSync, mkdtempSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the host's file system moves its times with every change that somebody has looked at, however soon. */
export function showsEveryChange(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'differential-'));
  const child = join(directory, 'child');
  const seen = new Set<bigint>();
  const look = () => seen.add(statSync(directory, { bigint: true }).mtimeNs);
  look();
  for (let i = 0; i < 20; i++) {
    mkdirSync(child);
    look();
    renameSync(child, `${child}2`);
    look();
    rmdirSync(`${child}2`);
    look();
  }
  rmdirSync(directory);
  return seen.size === 61;
}
