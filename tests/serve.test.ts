import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { treeOf } from '../vmm/serve/test-support/socket-client.ts';
import { startServe } from './support/serve-process.ts';
import { runProcess, tsvmm } from './support/tsvmm.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-serve-process-'));
const directory = join(scratch, 'share');
mkdirSync(directory);
writeFileSync(join(directory, 'a'), 'hello');
afterAll(() => rmSync(scratch, { recursive: true }));

const SHARE = ['--virtfs', `local,path=${directory},mount_tag=host`];
const path = join(scratch, 's');
const LIMIT_MS = 60_000;

/** What a client finds at an address. */
async function contentOf(address: string): Promise<string> {
  const { tree, handler } = await treeOf(address);
  const content = Buffer.from(await tree.readFile('a')).toString();
  await handler.reset();
  return content;
}

describe('tsvmm serve as a process', () => {
  test.each([
    ['SIGINT', 0],
    ['SIGTERM', 0],
    ['SIGHUP', 129],
  ] as const)(
    'serves until %s, then ends with status %i and leaves no socket file',
    async (signal, status) => {
      const server = await startServe([...SHARE, '--listen', `unix:${path}`, '--listen', 'tcp:127.0.0.1:0'], 2);
      for (const address of server.addresses) expect(await contentOf(address)).toBe('hello');
      const open = await treeOf(server.addresses[1] ?? '');
      expect(await server.end(signal)).toEqual({ status, stderr: '' });
      expect(existsSync(path)).toBe(false);
      await open.handler.reset();
    },
    LIMIT_MS,
  );

  test(
    'takes the place of one that was killed, and leaves the place to one that runs',
    async () => {
      const args = [...SHARE, '--listen', `unix:${path}`];
      await (await startServe(args, 1)).end('SIGKILL');
      expect(existsSync(path)).toBe(true);
      const server = await startServe(args, 1);
      const second = await tsvmm(['serve', ...args], { timeoutMs: LIMIT_MS });
      expect([second.status, second.stdout]).toEqual([2, '']);
      expect(second.stderr).toMatch(/^tsvmm: listen: .* is in use by a server that runs; .*\n$/);
      expect(await contentOf(`unix:${path}`)).toBe('hello');
      await server.end('SIGTERM');
    },
    LIMIT_MS,
  );

  test(
    'the example serves read-only until its input ends',
    async () => {
      let seen: Promise<unknown[]> | undefined;
      const look = async (): Promise<unknown[]> => {
        const { tree, handler } = await treeOf(`unix:${path}`);
        const refused = await tree.writeFile('b', new Uint8Array(1)).catch((error) => error.name);
        await handler.reset();
        return [await contentOf(`unix:${path}`), refused];
      };
      const { status, stdout } = await runProcess(process.execPath, ['examples/serve.mjs', directory, path], {
        timeoutMs: LIMIT_MS,
        watch: (text, child) => {
          if (seen !== undefined || !text.endsWith('\n')) return;
          seen = look();
          void seen.finally(() => child.stdin?.end()).catch(() => {});
        },
      });
      expect([status, stdout]).toEqual([0, `mount it with: mount -t 9p -o trans=unix,version=9p2000.L ${path} /mnt\n`]);
      expect(await seen).toEqual(['hello', 'EROFS']);
      expect(existsSync(path)).toBe(false);
    },
    LIMIT_MS,
  );
});
