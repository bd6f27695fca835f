/** Why a request was refused, and why one like it may be: from the table of what the core refuses. */
import { type Refusal, refusalsOf } from '../../../ninep/refusals.ts';
import type { Version } from '../../../ninep/versions.ts';
import { errorWords } from './error-words.ts';

export interface RefusalProps {
  /** Name of the request. */
  readonly name: string;
  readonly version: Version;
  /** Name of the error it was answered. */
  readonly error: string | undefined;
  /** A system call made for it failed in the same way. */
  readonly ofHost: boolean;
}

/** The error, and what can be its reason. */
export function WhyRefused({ name, version, error, ofHost }: RefusalProps) {
  if (error === undefined) return null;
  const reasons = refusalsOf(name, version).filter((refusal) => refusal.error === error);
  return (
    <>
      <p class="bad">
        {error}: {errorWords(error)}
      </p>
      <p>{reasonText(reasons, ofHost)}</p>
    </>
  );
}

function reasonText(reasons: readonly Refusal[], ofHost: boolean): string {
  if (ofHost) return 'A system call made for it failed so.';
  if (reasons.length === 0) return 'What serves the files said so.';
  return `The 9P server says so by itself where ${reasons.map(({ when }) => when).join('; or where ')}. Else what serves the files did.`;
}

/** Everything the core refuses such a request for; to be opened. */
export function RefusalList({ name, version, error }: Omit<RefusalProps, 'ofHost'>) {
  return (
    <details>
      <summary>What the 9P server itself refuses {name} for</summary>
      <table class="data">
        <tbody>
          {refusalsOf(name, version).map((refusal) => (
            <tr key={`${refusal.error} ${refusal.when}`} class={refusal.error === error ? 'set' : undefined}>
              <td>
                <code>{refusal.error}</code>
              </td>
              <td>{refusal.when}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
