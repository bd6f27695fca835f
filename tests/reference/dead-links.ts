/** Finds links of Markdown files that lead nowhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { slug } from './markdown.ts';

/** Lines that are not between fences. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** The fragments of a page: one for each heading; a second of the same name gets -1. */
export function fragmentsOf(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = slug(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let fragment = name;
    for (let copy = 1; found.has(fragment); copy++) fragment = `${name}-${copy}`;
    found.add(fragment);
  }
  return found;
}

/** Links of the page at `path` to files and headings that are not there, as `page: link`. Links to other sites are not followed. */
export function deadLinks(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const dead: string[] = [];
  for (const [, to = ''] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(to)) continue;
    const [file = '', fragment] = to.split('#');
    const target = file === '' ? path : resolve(dirname(path), decodeURIComponent(file));
    const there =
      existsSync(target) && (fragment === undefined || fragmentsOf(readFileSync(target, 'utf8')).has(fragment));
    if (!there) dead.push(`${relative(process.cwd(), path)}: ${to}`);
  }
  return dead;
}
