/**
 * The page of the browser test: boots a guest over a tree in memory, as any page would. The server gives it kernel, root and
 * CPU core; the test calls `boot`, and looks at what it answers and at the document.
 */
import { BrowserMachine, browserHost, createMemory, fillFromTar } from '../../../vmm/browser.ts';

/** What the test learns of a guest. */
export interface PageReport {
  /** Milliseconds from the call until a first command had ended in the guest. */
  readonly bootMs: number;
  /** How the command in the share ended, and what it wrote. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the guest left in the share, as the page sees it. */
  readonly reply: string;
  /** Lines of the 9P trace of the share. */
  readonly trace: readonly string[];
  readonly end: string;
}

async function bytesOf(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Boots a guest with `content` as the file `greeting` of its share, runs `script` there, and reports. */
async function boot(content: string, script: string): Promise<PageReport> {
  const started = performance.now();
  const root = createMemory();
  await fillFromTar(root, await bytesOf('root.tar'));
  const share = createMemory();
  share.writeFile('greeting', content);
  const trace: string[] = [];
  const guest = await BrowserMachine.create(
    {
      host: browserHost('v86.wasm'),
      kernel: await bytesOf('bzImage'),
      root,
      shares: [{ mountTag: 'page', backend: share }],
      memory: 128 * 2 ** 20,
    },
    { trace: (line) => trace.push(line) },
  );
  guest.start();
  await guest.exec(['true']);
  const bootMs = performance.now() - started;
  const { status, stdout, stderr } = await guest.exec(['sh', '-c', script], { cwd: '/mnt/page' });
  const reply = status === 0 ? text(share.readFile('reply')) : '';
  const { line } = await guest.stop();
  const ours = trace.filter((one) => one.startsWith('page: '));
  return { bootMs, status, stdout: text(stdout), stderr: text(stderr), reply, trace: ours, end: line };
}

/** The line of the error that a machine without a core ends in. */
async function bootWithoutCore(): Promise<string> {
  const kernel = await bytesOf('bzImage');
  return BrowserMachine.create({ host: browserHost('nowhere.wasm'), kernel, root: createMemory() }).then(
    () => 'it was made',
    (error: unknown) => String(error),
  );
}

Object.assign(globalThis, { boot, bootWithoutCore });
