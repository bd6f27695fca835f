/** A process for a test of standing: on a raw terminal, with listeners of every signal, its thread stands until something ends that. */

import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { keptStill } from '../standing.ts';

const settings = (): string => {
  const all = execFileSync('stty', ['-a'], { stdio: ['inherit', 'pipe', 'inherit'] }).toString();
  return `${/(-?)icanon/.exec(all)?.[0]} ${/(-?)isig/.exec(all)?.[0]}`;
};

const [longestMs = '0'] = process.argv.slice(2);
const heard: string[] = [];
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => heard.push(name));
process.stdin.setRawMode(true);
process.stdin.on('data', (typed) => heard.push(`typed ${JSON.stringify(String(typed))}`));

const word = new Int32Array(new SharedArrayBuffer(4));
const outcome = keptStill(() => {
  // Without a stream: the answer to this line may interrupt this thread in the midst of it, and a stream would never write again.
  writeSync(2, `standing: ${settings()}\n`);
  Atomics.wait(word, 0, 0, Number(longestMs));
});
process.stderr.write(`${outcome}: ${settings()}\n`);
if (outcome === 'interrupted') process.kill(process.pid, 'SIGINT');
setTimeout(() => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => {
    process.stdin.setRawMode(false);
    process.stderr.write(`heard: ${heard.join(', ')}\n`);
    process.exit(0);
  }, 500);
}, 500);
