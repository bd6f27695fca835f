// The test command: build, lint, types, then jest; ends with the counts, and says what was skipped and why.
//   --unit   only what needs no guest        --long   only the suites that take many minutes
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ensurePackage } from './debian-package.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [flag, ...rest] = process.argv.slice(2);
const chosen = { '--unit': ['unit'], '--long': ['long'] }[flag ?? ''];
const suites = chosen ?? ['unit', 'guest'];
const jestArguments = chosen ? rest : process.argv.slice(2);

/** Runs one step with its output shown; a failure is remembered and the later steps still run. */
const failures = [];
function step(name, command, args, env = {}) {
  console.log(`\n== ${name}`);
  const { status, error, signal } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status === 0) return true;
  failures.push(`${name}: ${error?.message ?? signal ?? `exit status ${status}`}`);
  return false;
}
const tool = (name) => join(root, 'node_modules', '.bin', name);

step('build', process.execPath, ['scripts/build.mjs']);
step('lint and format', tool('biome'), ['check', '--error-on-warnings', '.']);
step('types', tool('tsc'), ['--noEmit']);
step('types of the page', tool('tsc'), ['--noEmit', '-p', 'inspector']);
step('types of the workbench', tool('tsc'), ['--noEmit', '-p', 'workbench']);
const kvm = existsSync('/dev/kvm');
if (!suites.includes('unit') || suites.includes('guest')) {
  for (const arch of kvm ? ['i386', 'x86_64'] : ['i386']) {
    step(`guest kernel and root: ${arch}`, process.execPath, ['vmm/bin/tsvmm.js', 'kernel', 'build', '--arch', arch]);
  }
}

/** Packages that tests of guests need, and for what. */
const PACKAGES = {
  chromium: { what: 'browser', size: '113 MB, half a minute' },
  tshark: { what: 'packets', size: '22 MB' },
};
for (const [name, { what, size }] of suites.includes('guest') ? Object.entries(PACKAGES) : []) {
  const lack = ensurePackage(name, { what, size });
  if (lack === undefined) continue;
  console.log(`\n== ${what}: the tests are skipped, since ${lack}`);
  if (process.env.CI) failures.push(`${what}: ${lack}`);
}

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-test-'));
const report = join(scratch, 'jest.json');
step(
  `tests: ${suites.join(', ')}`,
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    ...suites,
    '--testLocationInResults',
    '--maxWorkers=100%',
    '--json',
    `--outputFile=${report}`,
    ...jestArguments,
  ],
  { TSVMM_TEST: '1' },
);

const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
// What the documentation says is shown by tests must have been, in this run; part of the tests shows part of it only.
if (results !== undefined && suites.includes('unit') && jestArguments.length === 0) {
  step('requirements of virtio', process.execPath, ['scripts/run.mjs', 'tests/conformance/confirm.ts', report]);
}
rmSync(scratch, { recursive: true });
if (results === undefined) failures.push('tests: jest left no report');

const tests = (results?.testResults ?? []).flatMap((file) =>
  file.assertionResults.map((test) => ({ ...test, file: file.name.slice(root.length) })),
);
const skipped = tests.filter((test) => test.status === 'pending' || test.status === 'todo');
if (skipped.length > 0) console.log('\nSkipped:');
for (const test of skipped) console.log(`  ${test.file}: ${test.fullName}`);
const guestSkipped = skipped.filter((test) => test.file.startsWith('tests/guest/'));
if (process.env.CI && kvm && guestSkipped.length > 0) {
  failures.push(`${guestSkipped.length} guest tests were skipped although /dev/kvm exists`);
}
for (const accel of ['software', 'kvm', 'browser']) {
  const those = tests.filter((test) => test.fullName.startsWith(`[${accel}] `));
  if (those.length === 0) continue;
  const count = (status) => those.filter((test) => test.status === status).length;
  console.log(
    `Guest tests ${accel === 'browser' ? 'in a browser' : `on ${accel}`}: ${count('passed')} passed, ${count('failed')} failed, ${count('pending')} skipped`,
  );
}

for (const test of tests.filter(({ status }) => status === 'failed')) {
  const [what = ''] = stripVTControlCharacters(test.failureMessages.join('\n')).split('\n    at ');
  console.log(`FAILED ${test.file}: ${test.fullName}\n  ${what.trim().replaceAll('\n', '\n  ').slice(0, 1000)}`);
}
for (const failure of failures) console.log(`FAILED ${failure}`);
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numFailedTestSuites = 0 } = results ?? {};
const failedCount = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0, failures.length > 0 ? 1 : 0);
console.log(`Tests: ${numPassedTests} passed, ${failedCount} failed, ${numPendingTests} skipped`);
console.log(`${numPassedTests} passed, ${failedCount} failed, ${numPendingTests} skipped`);
process.exitCode = failures.length > 0 || failedCount > 0 ? 1 : 0;
