/** Bytes in hexadecimal and as text, sixteen in a line. */
import { useState } from 'preact/hooks';
import { count } from '../../page/numbers.ts';

const WIDTH = 16;

export interface HexDumpProps {
  readonly label: string;
  readonly bytes: Uint8Array;
  /** Bytes to mark, the last not included. */
  readonly mark?: { readonly from: number; readonly to: number } | undefined;
  /** Shown before the reader asks for all. */
  readonly most?: number;
}

/** The dump. */
export function HexDump({ label, bytes, mark, most = 256 }: HexDumpProps) {
  const [all, setAll] = useState(false);
  const shown = all ? bytes : bytes.subarray(0, most);
  // One line alone needs no room for more.
  const width = Math.min(WIDTH, shown.length);
  const lines = [];
  for (let at = 0; at < shown.length; at += WIDTH) lines.push(line(shown.subarray(at, at + WIDTH), at, width, mark));
  return (
    <figure class="bytes" aria-label={label}>
      <pre>{lines}</pre>
      {bytes.length > shown.length && (
        <figcaption>
          <button type="button" class="link" onClick={() => setAll(true)}>
            {count(bytes.length - shown.length)} bytes more
          </button>
        </figcaption>
      )}
    </figure>
  );
}

function line(bytes: Uint8Array, at: number, width: number, mark: HexDumpProps['mark']) {
  const from = Math.max(0, Math.min(bytes.length, (mark?.from ?? 0) - at));
  const to = Math.max(from, Math.min(bytes.length, (mark?.to ?? 0) - at));
  const piece = (start: number, end: number) => hexOf(bytes.subarray(start, end), start);
  return (
    <span key={at} class="bytes-line">
      <span class="quiet">{at.toString(16).padStart(4, '0')} </span>
      {piece(0, from)}
      {to > from && <mark>{piece(from, to)}</mark>}
      {piece(to, bytes.length)}
      {' '.repeat(3 * (width - bytes.length) + (bytes.length <= WIDTH / 2 && width > WIDTH / 2 ? 1 : 0))}
      <span class="quiet"> {printable(bytes)}</span>
      {'\n'}
    </span>
  );
}

/** A gap in the middle of a line, which every piece knows by where it begins. */
function hexOf(bytes: Uint8Array, start: number): string {
  return Array.from(bytes, (byte, index) => {
    const gap = start + index === WIDTH / 2 ? ' ' : '';
    return `${gap}${byte.toString(16).padStart(2, '0')} `;
  }).join('');
}

function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
}
