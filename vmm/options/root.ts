import type { RootConfig } from '../config.ts';
import { readWithFirstKey } from './first-key.ts';
import { SECURITY_MODEL } from './fsdev.ts';
import { onOff, text } from './value-type.ts';

/** The keys of `--root`; the first may lack its name. */
export const ROOT = {
  path: { type: text('DIR'), doc: 'the directory to boot from', required: true },
  readonly: { type: onOff, doc: 'off: the guest may write to it (default on)' },
  security_model: {
    ...SECURITY_MODEL,
    doc: 'as in --virtfs (default passthrough where tsvmm runs as root, else none)',
  },
} as const;

/** Reads the value of `--root`. Throws UsageError. */
export function parseRoot(string: string): RootConfig {
  const { path, readonly, security_model } = readWithFirstKey('--root', ROOT, 'path', string);
  return {
    path,
    ...(readonly === undefined ? {} : { readonly }),
    ...(security_model === undefined ? {} : { securityModel: security_model }),
  };
}
