// npm run docs:reference: writes docs/reference from the tables, and takes away what no table makes any more.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFERENCE_FOLDER, referencePages } from './pages.ts';

const pages = referencePages();
mkdirSync(REFERENCE_FOLDER, { recursive: true });
for (const file of readdirSync(REFERENCE_FOLDER)) if (!pages.has(file)) rmSync(join(REFERENCE_FOLDER, file));
for (const [file, text] of pages) writeFileSync(join(REFERENCE_FOLDER, file), text);
console.log(`${REFERENCE_FOLDER}: ${pages.size} pages`);
