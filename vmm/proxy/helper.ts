/**
 * The confined helper process: it serves one directory on one socket and ends with it. The launcher has taken from it, before
 * it began, all it will not need.
 */
import { Socket } from 'node:net';
import { loadHostfs } from 'node-hostfs';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { ShareError } from '../../ninep/backends/local/share-error.ts';
import { CONFINED } from '../../ninep/backends/proxy/hello.ts';
import { serveLink } from '../../ninep/backends/proxy/serve-link.ts';
import { DEFAULT_MSIZE } from '../../ninep/constants.ts';
import { createSession } from '../../ninep/session.ts';
import { HELPER_FD, type HelperArguments } from './helper-arguments.ts';
import { socketLink } from './socket-link.ts';

/** The words in which the launcher says what is in force. */
const WORDS: Readonly<Record<string, number>> = {
  no_new_privs: CONFINED.noNewPrivs,
  capabilities: CONFINED.capabilities,
  limits: CONFINED.limits,
  mounts: CONFINED.mounts,
  landlock: CONFINED.landlock,
};

async function main(): Promise<void> {
  const { path, securityModel, readonly } = JSON.parse(process.argv[2] ?? '{}') as HelperArguments;
  const backend = openLocal({ path, securityModel, readonly });
  const link = socketLink(new Socket({ fd: HELPER_FD, readable: true, writable: true }));
  const session = createSession(backend, { msize: DEFAULT_MSIZE, scaleBlockSize: false });
  const hello = { ...confinement(), readonly: readonly ? 1 : 0 };
  await serveLink(link, { handler: session, hello, msize: DEFAULT_MSIZE });
  await backend.close();
}

function confinement(): { readonly confined: number; readonly landlock: number } {
  let confined = loadHostfs().refuseEscapes() === 0 ? CONFINED.seccomp : 0;
  let landlock = 0;
  for (const word of (process.env.CONFINED ?? '').split(' ')) {
    const [name = '', value] = word.split('=');
    confined |= WORDS[name] ?? 0;
    if (name === 'landlock') landlock = Number(value);
  }
  return { confined, landlock };
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof ShareError ? error.message : (error as Error).stack}\n`);
  process.exit(error instanceof ShareError ? 2 : 1);
}
