import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { VirtualMachineConfig } from '../config.ts';
import { hostPaths } from '../export-config.ts';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Looks at what a configuration names on this host before anything is made: files that cannot be read, directories that
 * cannot be shared. Throws UsageError with the cause and the remedy.
 */
export function checkHostPaths({ kernel, initrd, root, shares = [] }: VirtualMachineConfig): void {
  if (kernel !== undefined) checkFile('--kernel', kernel, "correct the path, or leave --kernel out for tsvmm's own");
  if (initrd !== undefined) checkFile('--initrd', initrd, 'correct the path, or leave --initrd out');
  if (root) checkDirectory('--root', root.path);
  for (const share of shares) {
    for (const path of hostPaths(share)) checkDirectory(`share ${share.mountTag}`, path);
  }
}

function checkFile(what: string, path: string, remedy: string): void {
  const found = openCode(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (found.code === 'ENOENT') throw new UsageError(`${what}: ${path} does not exist; ${remedy}`);
  if (found.code !== undefined) throw new UsageError(`${what}: ${path} ${refusal(found.code)}`);
  if (!found.isFile) throw new UsageError(`${what}: ${path} is not a file; ${remedy}`);
}

function checkDirectory(what: string, path: string): void {
  const { code } = openCode(path, constants.O_RDONLY | constants.O_DIRECTORY);
  if (code === 'ENOENT') {
    throw new UsageError(`${what}: ${path} does not exist; make it with mkdir -p, or correct the path`);
  }
  if (code === 'ENOTDIR') throw new UsageError(`${what}: ${path} is not a directory; share the directory it is in`);
  const searchable = code ?? statCode(`${path}/.`);
  if (searchable !== undefined) throw new UsageError(`${what}: ${path} ${refusal(searchable)}`);
}

/** Opening is the one test that asks the kernel the question the machine will ask. */
function openCode(path: string, flags: number): { readonly code?: string; readonly isFile: boolean } {
  try {
    const descriptor = openSync(path, flags);
    try {
      return { isFile: fstatSync(descriptor).isFile() };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { code: errorCode(error), isFile: false };
  }
}

function statCode(path: string): string | undefined {
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read by this user; change its permissions, or run tsvmm as its owner',
  EPERM: 'may not be opened by this user; run tsvmm as its owner',
  ELOOP: 'is a symbolic link that leads in a circle; correct the path',
  ENAMETOOLONG: 'is too long a path; name it from a directory nearer to it',
  EMFILE: 'cannot be opened, since too many descriptors are open; raise ulimit -n',
};

function refusal(code: string): string {
  return REFUSALS[code] ?? `cannot be opened (${code}); correct the path`;
}
