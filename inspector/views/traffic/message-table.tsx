/** A 9P message field by field, beside its bytes. */
import { useState } from 'preact/hooks';
import type { Version } from '../../../ninep/versions.ts';
import { messageParts } from '../../history/message-fields.ts';
import { HexDump } from './hex-dump.tsx';

export interface MessageTableProps {
  readonly bytes: Uint8Array | undefined;
  readonly version: Version;
}

/** The fields; one that is pointed at has its bytes marked. */
export function MessageTable({ bytes, version }: MessageTableProps) {
  const [marked, setMarked] = useState<string>();
  if (bytes === undefined) return <p class="quiet">Its bytes were not recorded.</p>;
  const parts = messageParts(bytes, version);
  if (parts === undefined) return <HexDump label="Bytes" bytes={bytes} />;
  const mark = parts.fields.find(({ name }) => name === marked);
  return (
    <div class="message">
      <table class="data fields">
        <caption>
          {parts.name} <cite>{parts.cite}</cite>
        </caption>
        <tbody>
          {parts.fields.map(({ name, notation, text }) => (
            <tr
              key={name}
              class={name === marked ? 'chosen' : undefined}
              onMouseEnter={() => setMarked(name)}
              onMouseLeave={() => setMarked(undefined)}
            >
              <th scope="row">
                <button
                  type="button"
                  class="link mono"
                  aria-pressed={name === marked}
                  onClick={() => setMarked(name)}
                  onFocus={() => setMarked(name)}
                >
                  {notation}
                </button>
              </th>
              <td class="mono">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {parts.stops !== undefined && <p class="quiet">{parts.stops}</p>}
      <HexDump label={`Bytes of ${parts.name}`} bytes={bytes} mark={mark} />
    </div>
  );
}
