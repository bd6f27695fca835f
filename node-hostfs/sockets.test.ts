import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { E } from './errno.ts';
import { loadSockets } from './load.ts';
import { bytes } from './scratch-directory.ts';
import { READY, type SocketListener, type SocketStream } from './sockets.ts';

const sockets = loadSockets();
const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

const room = new Uint8Array(1 << 16);
const turn = () => new Promise(setImmediate);

function listener(pollUs = 0): SocketListener {
  const it = sockets.listenTcp('127.0.0.1', 0, 16, pollUs);
  if (typeof it === 'number') throw new Error(`listen: ${it}`);
  undo.push(() => it.close());
  return it;
}

/** Both ends of a connection. */
async function pair(from = listener()): Promise<{ stream: SocketStream; far: Socket }> {
  const far = connect({ port: from.port, host: '127.0.0.1', noDelay: true });
  far.on('error', () => {});
  const accepted = new Promise<SocketStream>((resolve) => {
    from.onReady(() => {
      const it = from.accept();
      if (typeof it !== 'number') resolve(it);
    });
  });
  from.watch(READY.READABLE);
  await once(far, 'connect');
  const stream = await accepted;
  undo.push(
    () => stream.close(),
    () => far.destroy(),
  );
  return { stream, far };
}

/** The next readiness of a stream. */
function ready(stream: SocketStream, events: number = READY.READABLE): Promise<number> {
  return new Promise((resolve) => {
    stream.onReady((what) => {
      stream.watch(0);
      resolve(what);
    });
    stream.watch(events);
  });
}

/** The name of what is thrown. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (typeof error === 'object' && error !== null) return String(Reflect.get(error, 'name'));
  }
  return 'nothing';
}

describe('a stream', () => {
  test('receives into the place it is told, and says when nothing is there', async () => {
    const { stream, far } = await pair();
    expect(stream.receive(room, 0, 100)).toBe(-E.AGAIN);
    far.write('hello');
    expect(await ready(stream)).toBe(READY.READABLE);
    room.fill(0);
    expect([stream.receive(room, 10, 13), stream.receive(room, 13, 200)]).toEqual([3, 2]);
    expect(Buffer.from(room.subarray(9, 16)).toString('latin1')).toBe('\0hello\0');
  });

  test('sends several buffers in order, and no more than is taken', async () => {
    const { stream, far } = await pair();
    let got = '';
    far.on('data', (chunk) => {
      got += chunk;
    });
    expect(stream.send([bytes('a'), new Uint8Array(0), bytes('bc')])).toBe(3);
    expect(stream.send(bytes('d'))).toBe(1);
    while (got.length < 4) await turn();
    expect(got).toBe('abcd');
    far.pause();
    let sent = 0;
    for (let last = 1; last > 0; sent += Math.max(last, 0)) last = stream.send(new Uint8Array(1 << 20));
    expect(stream.send(room)).toBe(-E.AGAIN);
    far.resume();
    expect(await ready(stream, READY.WRITABLE)).toBe(READY.WRITABLE);
    expect(stream.send(bytes('e'))).toBe(1);
    stream.shutdown();
    await once(far, 'end');
    expect(got.length).toBe(sent + 5);
  });

  test('knows its peer, and the end of what it sends', async () => {
    const { stream, far } = await pair();
    expect([stream.host, stream.port]).toEqual(['127.0.0.1', far.localPort]);
    expect(stream.keepAlive(60)).toBe(0);
    far.end('x');
    await ready(stream);
    expect([stream.receive(room, 0, 9), await ready(stream), stream.receive(room, 0, 9)]).toEqual([1, 1, 0]);
    expect(stream.send(bytes('still'))).toBe(5);
  });

  test('tells of a reset peer by the next call, however it is watched', async () => {
    for (const events of [READY.READABLE, READY.WRITABLE]) {
      const { stream, far } = await pair();
      far.resetAndDestroy();
      await once(far, 'close');
      await ready(stream, events);
      expect(stream.receive(room, 0, 9)).toBe(-E.CONNRESET);
      expect(stream.send(bytes('x'))).toBe(-E.PIPE);
    }
  });

  test('is closed once, whenever that is, and answers EBADF from then on', async () => {
    const { stream, far } = await pair();
    let calls = 0;
    const closed = new Promise<void>((resolve) => {
      stream.onReady(() => {
        calls++;
        stream.onReady(() => {
          calls += 100;
        });
        stream.close();
        stream.close();
        stream.watch(READY.READABLE);
        resolve();
      });
    });
    stream.watch(READY.READABLE | READY.WRITABLE);
    far.write('x');
    await closed;
    // What the stream has not received is lost, and the peer told so.
    if (!far.closed) await new Promise((resolve) => far.resume().on('close', resolve));
    expect(calls).toBe(1);
    const answers = [stream.receive(room, 0, 9), stream.send(room), stream.shutdown(), stream.keepAlive(1)];
    expect(answers).toEqual(Array(4).fill(-E.BADF));
    stream.onReady(() => {});
  });
});

describe('a listener', () => {
  test('refuses what the host refuses, by its number', () => {
    const { port } = listener();
    expect(sockets.listenTcp('127.0.0.1', port, 1, 0)).toBe(-E.ADDRINUSE);
    expect(sockets.listenTcp('192.0.2.1', 0, 1, 0)).toBe(-E.ADDRNOTAVAIL);
    expect(sockets.listenUnix(bytes('/nonesuch/s'), 1, 0)).toBe(-E.NOENT);
  });

  test('that is closed has no clients', () => {
    const it = listener();
    it.close();
    it.close();
    expect([it.accept(), it.port]).toEqual([-E.BADF, 0]);
  });

  test.each<[string, () => unknown, string]>([
    ['a path as text', () => Reflect.apply(sockets.listenUnix, sockets, ['/tmp/s', 1, 0]), 'TypeError'],
    ['an empty path', () => sockets.listenUnix(bytes(''), 1, 0), 'RangeError'],
    ['a path of 108 bytes', () => sockets.listenUnix(bytes('x'.repeat(108)), 1, 0), 'RangeError'],
    ['a name as host', () => sockets.listenTcp('localhost', 0, 1, 0), 'RangeError'],
    ['port 65,536', () => sockets.listenTcp('127.0.0.1', 65_536, 1, 0), 'RangeError'],
    ['a callback that is none', () => Reflect.apply(listener().onReady, listener(), [1]), 'TypeError'],
    ['the method of another object', () => Reflect.apply(listener().accept, {}, []), 'TypeError'],
    ['a constructor of its own', () => Reflect.construct(listener().constructor, [3]), 'TypeError'],
  ])('%s is refused', (_what, run, error) => {
    expect(thrown(run)).toBe(error);
  });

  test('a stream refuses places outside its buffer', async () => {
    const { stream } = await pair();
    expect(thrown(() => stream.receive(room, 5, 4))).toBe('RangeError');
    expect(thrown(() => stream.receive(room, 0, room.length + 1))).toBe('RangeError');
    expect(thrown(() => stream.receiveSoon(room, 0, room.length + 1))).toBe('RangeError');
    expect(thrown(() => Reflect.apply(stream.send, stream, ['text']))).toBe('TypeError');
  });
});

describe('looking for the next request instead of sleeping', () => {
  /** Turns of the event loop in the 20 ms after a conversation. */
  async function turnsAfter(pollUs: number): Promise<number> {
    const { stream, far } = await pair(listener(pollUs));
    stream.onReady(() => {
      const got = stream.receive(room, 0, room.length);
      if (got > 0) stream.send(room.subarray(0, got));
    });
    stream.watch(READY.READABLE);
    for (let i = 0; i < 200; i++) {
      far.write('x');
      await once(far, 'data');
    }
    const loops = () => performance.nodeTiming.uvMetricsInfo.loopCount;
    const before = loops();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return loops() - before;
  }

  test('happens where it was allowed, and ends', async () => {
    expect(await turnsAfter(0)).toBeLessThan(15);
    // Each turn takes microseconds, so 20 ms of them would be thousands. On a busy host it may not have come to that once.
    let turns = 0;
    for (let times = 0; times < 20 && turns <= 30; times++) turns = await turnsAfter(1000);
    expect(turns).toBeGreaterThan(30);
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(performance.eventLoopUtilization(before).idle).toBeGreaterThan(50);
  });
});

describe('looking for more without a turn of the event loop', () => {
  /** Answers on a thread of its own, so that they can come while this one looks. */
  const ECHO = `const { workerData } = require('node:worker_threads');
    const far = require('node:net').connect({ port: workerData, host: '127.0.0.1', noDelay: true });
    far.on('data', (data) => far.write(data)).on('error', () => process.exit()).on('close', () => process.exit());`;

  async function far(from: SocketListener): Promise<SocketStream> {
    const accepted = new Promise<SocketStream>((resolve) => {
      from.onReady(() => {
        const it = from.accept();
        if (typeof it !== 'number') resolve(it);
      });
    });
    from.watch(READY.READABLE);
    const worker = new Worker(ECHO, { eval: true, workerData: from.port });
    const stream = await accepted;
    undo.push(() => {
      stream.close();
      void worker.terminate();
    });
    return stream;
  }

  /** Sends a byte each time one has come; says whether any of them came in the turn in which the one before was sent, within `rounds`. */
  function comesSoon(stream: SocketStream, rounds: number): Promise<boolean> {
    return new Promise((resolve) => {
      let left = rounds;
      stream.onReady(() => {
        let got = stream.receive(room, 0, 9);
        for (let looks = 8; got > 0 && looks > 0; looks -= 1) {
          left -= 1;
          stream.send(room.subarray(0, 1));
          got = stream.receiveSoon(room, 0, 9);
          if (got !== -E.AGAIN) return resolve(true);
        }
        if (left <= 0) resolve(false);
      });
      stream.watch(READY.READABLE);
      stream.send(room.subarray(0, 1));
    });
  }

  test('finds what comes soon, where the event loop would look for it', async () => {
    expect(await comesSoon(await far(listener(1000)), 50_000)).toBe(true);
  }, 300_000);

  test('is not done where the event loop would sleep, before anything was sent, or where others would wait for it', async () => {
    expect(await comesSoon(await far(listener(0)), 300)).toBe(false);
    const from = listener(1000);
    const [one, other] = [await far(from), await far(from)];
    expect([one.receiveSoon(room, 0, 9), other.receiveSoon(room, 0, 9)]).toEqual([-E.AGAIN, -E.AGAIN]);
    expect(await comesSoon(one, 300)).toBe(false);
    other.close();
    expect(other.receiveSoon(room, 0, 9)).toBe(-E.BADF);
  }, 300_000);
});

describe('a process', () => {
  const addon = fileURLToPath(new URL('./build/Release/sockets.node', import.meta.url));

  /** Runs a script with the addon as `sockets`; returns what it prints, and its status. */
  function run(script: string, ulimit = 1024): [string, number | null] {
    const text = `const sockets = require(${JSON.stringify(addon)}); const net = require('node:net');
      const fds = () => require('node:fs').readdirSync('/proc/self/fd').length; ${script}`;
    const shell = `ulimit -n ${ulimit}; exec "$0" -e "$1"`;
    const { stdout, status } = spawnSync('sh', ['-c', shell, process.execPath, text], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return [stdout, status];
  }

  test('ends while it listens for nothing, and a callback that throws is an uncaught exception', () => {
    expect(run("sockets.listenTcp('127.0.0.1', 0, 1, 50); console.log('over')")).toEqual(['over\n', 0]);
    const throws = `const l = sockets.listenTcp('127.0.0.1', 0, 1, 50); l.onReady(() => { throw new Error('mine'); });
      l.watch(1); net.connect(l.port, '127.0.0.1');
      process.on('uncaughtException', (e) => { console.log(e.message); process.exit(7); });`;
    expect(run(throws)).toEqual(['mine\n', 7]);
  });

  test('without descriptors turns a client away, and lets the next one in', () => {
    const script = `const l = sockets.listenTcp('127.0.0.1', 0, 9, 0); const fs = require('node:fs'); const open = [];
      const first = net.connect(l.port, '127.0.0.1');
      first.on('error', () => {}).on('close', () => {
        for (const fd of open) fs.closeSync(fd);
        l.onReady(() => { console.log(typeof l.accept()); process.exit(0); });
        l.watch(1);
        net.connect(l.port, '127.0.0.1');
      });
      first.on('connect', () => {
        try { for (;;) open.push(fs.openSync('/dev/null')); } catch {}
        console.log(l.accept(), l.accept());
        first.resume();
      });`;
    expect(run(script, 64)).toEqual([`${-E.MFILE} ${-E.NOBUFS}\nobject\n`, 0]);
  });

  test('a worker that ends in the middle of everything closes what it had', () => {
    const script = `const { Worker } = require('node:worker_threads');
      const body = ${JSON.stringify(`
        const sockets = require(${JSON.stringify(addon)}); const { parentPort } = require('node:worker_threads');
        const l = sockets.listenTcp('127.0.0.1', 0, 99, 1000); const streams = [];
        l.onReady(() => { const s = l.accept(); if (typeof s === 'number') return; streams.push(s); s.watch(3);
          const room = new Uint8Array(9); s.onReady(() => { s.receive(room, 0, 9); s.send(room); });
          if (streams.length % 3 === 0) s.close();
          parentPort.postMessage(streams.length); });
        l.watch(1); parentPort.postMessage({ port: l.port });`)};
      const settled = async () => {
        let last = fds();
        for (let same = 0; same < 5; same++) {
          await new Promise((r) => setTimeout(r, 50));
          if (fds() !== last) [last, same] = [fds(), 0];
        }
        return last;
      };
      (async () => {
        let before;
        for (let round = 0; round < 4; round++) {
          const far = [];
          await new Promise((done) => {
            const worker = new Worker(body, { eval: true });
            worker.on('message', (m) => {
              if (typeof m === 'number') { if (m === 20) worker.terminate().then(done); return; }
              for (let i = 0; i < 20; i++) { const s = net.connect(m.port, '127.0.0.1'); s.on('error', () => {}).on('data', () => s.write('x')); far.push(s); }
            });
          });
          for (const s of far) s.destroy();
          if (round === 0) before = await settled();
        }
        console.log(await settled() - before);
      })();`;
    expect(run(script)).toEqual(['0\n', 0]);
  }, 300_000);
});
