// node scripts/run.mjs tests/conformance/confirm.ts REPORT: holds the table of requirements to a run of the tests.
import { readFileSync } from 'node:fs';
import { type JestReport, unprovenTests } from './evidence.ts';
import { REQUIREMENTS } from './requirements.ts';

const [report] = process.argv.slice(2);
if (report === undefined) {
  console.error('usage: node scripts/run.mjs tests/conformance/confirm.ts REPORT (what jest wrote with --json)');
  process.exit(2);
}
const complaints = unprovenTests(REQUIREMENTS, JSON.parse(readFileSync(report, 'utf8')) as JestReport, process.cwd());
for (const complaint of complaints) console.error(`requirement ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;
