// npm run bench:trace -- [--base COMMIT] [--tree COMMIT] [--rounds N]: what tracing costs that is not asked for: this tree, or
// another with a stream of events, against a commit without.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, stop } from 'esbuild';
import { SUMMARY_HEAD, summary } from './summary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Most that this tree may take more, with tracing off: 2 %. */
const MOST = 1.02;

function refuse(line) {
  console.error(`bench:trace: ${line}`);
  process.exit(2);
}

function options() {
  try {
    const known = { base: { type: 'string' }, tree: { type: 'string' }, rounds: { type: 'string', default: '21' } };
    const { values } = parseArgs({ options: known });
    return { base: values.base ?? firstWithout(), commit: values.tree, rounds: Number(values.rounds) };
  } catch (error) {
    return refuse(error.message);
  }
}

/** The commit before the stream of events came. */
function firstWithout() {
  const args = ['log', '--diff-filter=A', '--format=%H', '--', 'trace/event-stream.ts'];
  return `${git(...args)
    .trim()
    .split('\n')
    .at(-1)}^`;
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const { base, commit, rounds } = options();
if (!Number.isInteger(rounds) || rounds < 3) refuse('--rounds is a whole number from 3 on');
const cache = join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const scratch = mkdtempSync(join(cache, 'bench-trace-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** The files of a commit, with this tree's loop in them. */
function checkOut(commit, folder, ...more) {
  const tree = join(scratch, folder);
  mkdirSync(tree);
  try {
    const archive = execFileSync('git', ['archive', commit, 'bytes', 'devices', 'ninep', ...more], {
      cwd: root,
      maxBuffer: 2 ** 28,
    });
    execFileSync('tar', ['x', '-C', tree], { input: archive });
  } catch (error) {
    refuse(
      `${commit} cannot be had: ${
        String(error.stderr ?? error.message)
          .trim()
          .split('\n')[0]
      }`,
    );
  }
  mkdirSync(join(tree, 'bench'));
  cpSync(join(root, 'bench', 'trace'), join(tree, 'bench', 'trace'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

async function program(tree, name, out) {
  const outfile = join(scratch, `${out}.mjs`);
  await build({
    entryPoints: [join(tree, 'bench', 'trace', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    tsconfigRaw: {},
  });
  return outfile;
}

const tree = commit === undefined ? root : checkOut(commit, 'tree', 'trace');
const shown = commit?.slice(0, 12) ?? 'this tree';
const programs = {
  [`without (${base.slice(0, 12)})`]: await program(checkOut(base, 'base'), 'off', 'base'),
  [`${shown}, off`]: await program(tree, 'off', 'off'),
  [`${shown}, on`]: await program(tree, 'on', 'on'),
};
await stop();

const names = Object.keys(programs);
const times = Object.fromEntries(names.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  // In turn, each first as often as last.
  for (const name of round % 2 === 0 ? names : [...names].reverse()) {
    times[name].push(Number(execFileSync(process.execPath, [programs[name]], { encoding: 'utf8' })));
  }
}
console.log(`CPU time of one request in ns, ${rounds} rounds\n${' '.repeat(28)} ${SUMMARY_HEAD}`);
for (const name of names) console.log(`${name.padEnd(28)} ${summary(times[name])}`);
const [without, off, on] = names.map((name) => times[name]);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const ratio = (those) => median(those.map((time, round) => time / without[round]));
const least = Math.min(...off) / Math.min(...without);
console.log(`off / without: ${ratio(off).toFixed(3)} (median of pairs), ${least.toFixed(3)} (least of each)`);
console.log(`on / without: ${ratio(on).toFixed(2)}`);
if (Math.min(ratio(off), least) > MOST) {
  console.error(`bench:trace: off it costs more than ${((MOST - 1) * 100).toFixed(0)} %`);
  process.exitCode = 1;
}
