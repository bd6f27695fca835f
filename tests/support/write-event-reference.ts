// node scripts/run.mjs tests/support/write-event-reference.ts: puts the reference of event kinds into the README of trace/.
import { readFileSync, writeFileSync } from 'node:fs';
import { eventReference } from '../../trace/reference.ts';

const README = 'trace/README.md';
const [before = '', after = ''] = readFileSync(README, 'utf8').split(
  /(?<=<!-- events -->\n)[\s\S]*(?=<!-- \/events -->)/,
);
writeFileSync(README, `${before}\n${eventReference()}\n${after}`);
