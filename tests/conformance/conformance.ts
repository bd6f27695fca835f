// npm run conformance: runs every test that a requirement names, and writes the table into devices/README.md if all passed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceOf, type JestReport, missingTests, sourcesIn, unprovenTests } from './evidence.ts';
import { REQUIREMENTS } from './requirements.ts';
import { countStates, withTable } from './table.ts';

// The program is a bundle in a cache: the root is where it was started.
const root = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-conformance-'));

function run(): JestReport {
  const report = join(scratch, 'jest.json');
  const files = [...new Set([...evidenceOf(REQUIREMENTS).keys()].map(({ file }) => file))];
  spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      'unit',
      '--runTestsByPath',
      ...files,
      '--json',
      `--outputFile=${report}`,
    ],
    { cwd: root, stdio: 'ignore' },
  );
  return JSON.parse(readFileSync(report, 'utf8')) as JestReport;
}

try {
  const complaints = missingTests(REQUIREMENTS, sourcesIn(root));
  if (complaints.length === 0) complaints.push(...unprovenTests(REQUIREMENTS, run(), root));
  for (const complaint of complaints) console.error(`requirement ${complaint}`);
  if (complaints.length > 0) {
    process.exitCode = 1;
  } else {
    const readme = join(root, 'devices/README.md');
    writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), REQUIREMENTS));
    const { shown, 'not applicable': rest, 'not met': unmet } = countStates(REQUIREMENTS);
    console.log(`devices/README.md: ${shown} requirements shown, ${rest} not applicable, ${unmet} not met`);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
