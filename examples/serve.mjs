// Serves a directory, read-only, on a socket until standard input ends.
//   node examples/serve.mjs DIRECTORY SOCKET
import { once } from 'node:events';
import { serve } from 'tsvmm';

const [directory = '.', socket = './tsvmm.sock'] = process.argv.slice(2);
const server = await serve({
  shares: [{ path: directory, mountTag: 'dir', readonly: true }],
  listen: [`unix:${socket}`],
});
console.log(`mount it with: mount -t 9p -o trans=unix,version=9p2000.L ${socket} /mnt`);

await once(process.stdin.resume(), 'end');
await server.close();
