import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server gives for a path: its type and bytes. */
export type ServedFiles = Readonly<Record<string, { readonly type: string; readonly body: string | Uint8Array }>>;

/** A server of a few files on this machine alone. */
export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}

/** The strictest policy the pages work under: what is of this server, and WebAssembly made of guest code. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'";

/** Serves `files` on a free port until closed. */
export async function servePage(files: ServedFiles, policy = POLICY): Promise<PageServer> {
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    if (file === undefined) {
      // A browser asks by itself for an icon of a page that names none.
      response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
      return;
    }
    response.writeHead(200, { 'content-type': file.type, 'content-security-policy': policy }).end(file.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
