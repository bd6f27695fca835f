// npm run bench:inspect [-- --requests 50000 --accel kvm|software|auto --runs 1]: what the inspector costs the machine that it shows,
// and how well the page keeps up: the same reads uninspected, with the inspector alone, and with its page open in Chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from './inspect/browser.mjs';

const MOST_FRAME_MS = 50;
const LEAST_SPEED = 0.5;

function refuse(line) {
  console.error(`bench:inspect: ${line}`);
  process.exit(2);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        requests: { type: 'string', default: '50000' },
        accel: { type: 'string', default: 'auto' },
        runs: { type: 'string', default: '1' },
      },
    });
    return { requests: Number(values.requests), accel: values.accel, runs: Number(values.runs) };
  } catch (error) {
    return refuse(error.message);
  }
}

const { requests, accel, runs } = options();
if (!Number.isInteger(requests) || requests < 100) refuse('--requests is a whole number from 100 on');
if (!Number.isInteger(runs) || runs < 1) refuse('--runs is a whole number from 1 on');
const program = fileURLToPath(new URL('inspect/once.mjs', import.meta.url));

/** Starts a machine; `measure` is given its page's address and what makes it read. */
async function machine(mode, measure) {
  const child = spawn(process.execPath, [program, mode, String(requests), accel], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the machine ended early');
    return JSON.parse(value);
  };
  try {
    const { url } = await next();
    return await measure(url, async () => {
      child.stdin.write('go\n');
      return next();
    });
  } finally {
    child.stdin.end('end\n');
    await ended;
  }
}

/** With the page open: what it shows afterwards, and how long its frames took meanwhile. */
async function withPage(browser, url, read) {
  const page = await browser.openPage(url);
  await page.until('document.querySelector("[role=status]") !== null');
  await page.evaluate(COUNT_FRAMES);
  const outcome = await read();
  const { frames, shown, heap } = await page.evaluate(FRAMES);
  await page.close();
  return { ...outcome, frames, shown, heap, complaints: page.complaints };
}

/** Run in the page. */
const COUNT_FRAMES = `{
  window.frames = [];
  let last = performance.now();
  const frame = (now) => {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}`;
const FRAMES = `({
  frames: window.frames,
  shown: document.querySelector('header')?.textContent ?? '',
  heap: performance.memory?.usedJSHeapSize ?? 0,
})`;

const at = (values, part) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? 0;
const median = (values) => at(values, 0.5);
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
/** The machine's own thread is what its speed depends on where it has a processor to itself. */
const line = (name, { ms, threadMs, cpuMs, resident, requests: done, events }, plain) =>
  console.log(
    `${name.padEnd(22)}${(done / (ms / 1000)).toFixed(0).padStart(8)} requests/s, ${(plain.ms / ms).toFixed(2)} of the speed;` +
      ` CPU for each ${((threadMs * 1000) / done).toFixed(0)} µs on the machine's thread (${(plain.threadMs / threadMs).toFixed(2)}),` +
      ` ${((cpuMs * 1000) / done).toFixed(0)} µs in all; ${events} events, resident ${mib(resident)}`,
  );

const browser = await openBrowser();
let failed = false;
try {
  const ratios = [];
  const frames = [];
  for (let run = 0; run < runs; run++) {
    const stream = await machine('stream', (_, read) => read());
    const alone = await machine('on', (_, read) => read());
    // A shared host is now fast, now slow: what is compared stands between two of what it is compared with.
    const before = await machine('off', (_, read) => read());
    const seen = await machine('on', (url, read) => withPage(browser, url, read));
    const after = await machine('off', (_, read) => read());
    const plain = {
      ...before,
      ...Object.fromEntries(['ms', 'threadMs', 'cpuMs'].map((name) => [name, (before[name] + after[name]) / 2])),
    };
    line('uninspected', plain, plain);
    line('events alone', stream, plain);
    line('inspected, no page', alone, plain);
    line('inspected, with a page', seen, plain);
    console.log(`the page: "${seen.shown}", heap ${mib(seen.heap)}, ${seen.frames.length} frames`);
    for (const complaint of seen.complaints) console.log(`the page complains: ${complaint}`);
    failed ||= seen.complaints.length > 0;
    ratios.push(plain.ms / seen.ms);
    frames.push(...seen.frames);
  }
  const p95 = at(frames, 0.95);
  console.log(
    `time between frames: median ${median(frames).toFixed(1)} ms, 95 % ${p95.toFixed(1)} ms, longest ${at(frames, 1).toFixed(0)} ms (wanted: 95 % below ${MOST_FRAME_MS})`,
  );
  console.log(`load of this host: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} processors`);
  console.log(`speed with a page: ${median(ratios).toFixed(2)} of uninspected (wanted: ${LEAST_SPEED} at least)`);
  failed ||= p95 >= MOST_FRAME_MS || median(ratios) < LEAST_SPEED;
} finally {
  await browser.close();
}
process.exitCode = failed ? 1 : 0;
