import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';
import { type Domain, readDomain } from './read-domain.ts';
import { XML_LIMITS } from './xml-tree.ts';

/** Gives the domain in a file. Throws UsageError. */
export type DomainReader = (path: string, hasKernel: boolean) => Domain;

/** Reads a domain from a file of this host. Throws UsageError, one line, for what cannot be read or is no domain. */
export const readDomainFile: DomainReader = (path, hasKernel) => readDomain(readText(path), path, hasKernel);

function readText(path: string): string {
  const refuse = (line: string): never => {
    throw new UsageError(`--domain: ${path} ${line}`);
  };
  try {
    // A named pipe would otherwise wait for somebody to write into it.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) refuse('is not a file; virsh dumpxml NAME > FILE makes one');
      if (stat.size > XML_LIMITS.characters)
        refuse(`has ${stat.size} bytes; a domain has at most ${XML_LIMITS.characters}`);
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = errorCode(error);
    return refuse(
      code === 'ENOENT' ? 'does not exist; correct the path' : `cannot be read (${code}); correct the path`,
    );
  }
}
