// Chromium over its own protocol, with nothing switched on that costs it time: a test driver has each message of a WebSocket reported
// to itself, which takes the browser more than to show it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const LIMIT_MS = 30_000;
const ARGUMENTS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--window-size=1280,800',
];

/** Starts Chromium; `close` ends it. */
export async function openBrowser(program = process.env.CHROMIUM ?? '/usr/bin/chromium') {
  const profile = mkdtempSync(join(tmpdir(), 'tsvmm-chromium-'));
  const child = spawn(program, [...ARGUMENTS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const kill = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const lines = createInterface({ input: child.stderr });
  let address;
  for await (const line of lines) {
    address = /listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) break;
  }
  clearTimeout(kill);
  if (address === undefined) throw new Error(`${program} does not start`);
  child.stderr.resume();
  const link = await connect(address);
  return {
    openPage: (url) => openPage(link, url),
    close: async () => {
      const late = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      await link.ask('Browser.close');
      await ended;
      clearTimeout(late);
      // Its children may still be writing.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** Requests and their answers by number, events by listener. */
async function connect(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');
  const waiting = new Map();
  const listeners = new Set();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.id === undefined) for (const hear of listeners) hear(message);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  let count = 0;
  const ask = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++count;
      waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
      socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  return { socket, ask, listen: (hear) => listeners.add(hear) };
}

/** A page of its own window: `evaluate` gives the value of an expression, `complaints` fills with what is on its console. */
async function openPage({ ask, listen }, url) {
  const { targetId } = await ask('Target.createTarget', { url: 'about:blank', newWindow: true });
  const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true });
  const complaints = [];
  listen(({ sessionId: from, method, params }) => {
    if (from === sessionId) complaints.push(...(COMPLAINTS[method]?.(params) ?? []));
  });
  for (const domain of ['Runtime', 'Log']) await ask(`${domain}.enable`, {}, sessionId);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, returnByValue: true }, sessionId);
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  };
  await ask('Page.navigate', { url }, sessionId);
  return {
    complaints,
    evaluate,
    /** Until an expression is true. */
    async until(expression) {
      for (const limit = Date.now() + LIMIT_MS; !(await evaluate(expression)); ) {
        if (Date.now() > limit) throw new Error(`the page never came to ${expression}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    close: () => ask('Target.closeTarget', { targetId }),
  };
}

const COMPLAINTS = {
  'Runtime.consoleAPICalled': ({ args }) => [args.map(({ value, description }) => value ?? description).join(' ')],
  'Runtime.exceptionThrown': ({ exceptionDetails }) => [
    exceptionDetails.exception?.description ?? exceptionDetails.text,
  ],
  'Log.entryAdded': ({ entry }) => [`${entry.text} ${entry.url ?? ''}`],
};
