/**
 * A process for a test of the terminal: the real command line on a real terminal, with a machine that does nothing. Its
 * first argument says how it ends.
 */
import { execFileSync } from 'node:child_process';
import { runProcess } from '../run-process.ts';
import { FakeMachine } from './fake-process.ts';

const ENDINGS: Readonly<Record<string, (machine: FakeMachine) => void>> = {
  'power-off': (machine) => machine.finish('power-off'),
  'uncaught-exception': () => {
    throw new Error('a bug');
  },
  'unhandled-rejection': () => void Promise.reject(new Error('a bug')),
  exit: () => process.exit(7),
  SIGHUP: () => void process.kill(process.pid, 'SIGHUP'),
  SIGINT: () => void process.kill(process.pid, 'SIGINT'),
  SIGQUIT: () => void process.kill(process.pid, 'SIGQUIT'),
  SIGTERM: () => void process.kill(process.pid, 'SIGTERM'),
  keys: () => {},
};

const [ending = ''] = process.argv.splice(2, 1);
const machine = new FakeMachine();

void machine.started().then(() => {
  const settings = execFileSync('stty', ['-a'], { stdio: ['inherit', 'pipe', 'inherit'] }).toString();
  process.stderr.write(`during: ${/(-?)icanon/.exec(settings)?.[0]} ${/(-?)echo\b/.exec(settings)?.[0]}\n`);
  setImmediate(() => ENDINGS[ending]?.(machine));
});

await runProcess({
  version: '0.0.0',
  createMachine: async () => machine,
  describeMachine: () => Promise.reject(new Error('no machine is described here')),
  serve: () => Promise.reject(new Error('nothing is served here')),
  startQtest: () => Promise.reject(new Error('nothing is driven here')),
  openMonitors: () => Promise.reject(new Error('there are no monitors here')),
  openInspector: () => Promise.reject(new Error('there is no inspector here')),
  proxyHelper: () => Promise.reject(new Error('no helper is asked for here')),
  kernel: async () => [],
  inspectHost: async () => [],
});
