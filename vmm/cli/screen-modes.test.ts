import { describe, expect, test } from '@jest/globals';
import { ScreenModes } from './screen-modes.ts';

function undone(...written: string[]): string {
  const modes = new ScreenModes();
  for (const text of written) modes.see(Buffer.from(text, 'latin1'));
  return modes.undo().replaceAll('\u001b', 'ESC');
}

describe('modes a stopped guest leaves on the terminal', () => {
  test.each<[string, string[], string]>([
    ['plain text leaves nothing', ['hello\r\n', 'ESC[?1049h'], ''],
    ['an editor that has ended leaves nothing but plain attributes', ['\u001b[?1049h', '\u001b[?1049l'], 'ESC[m'],
    ['an editor that has not', ['\u001b[?1049h\u001b[?1h'], 'ESC[?1lESC[?1049lESC[m'],
    ['a hidden cursor', ['\u001b[?25l'], 'ESC[?25hESC[m'],
    ['several modes in one sequence', ['\u001b[?1002;1006h'], 'ESC[?1002lESC[?1006lESC[m'],
    ['a sequence in pieces', ['\u001b', '[', '?20', '04', 'h'], 'ESC[?2004lESC[m'],
    ['switched on, off and on', ['\u001b[?2004h\u001b[?2004l\u001b[?2004h'], 'ESC[?2004lESC[m'],
    ["modes that are nobody's business are left alone", ['\u001b[?12h\u001b[?9999h'], 'ESC[m'],
    ['colours', ['\u001b[1;31mred'], 'ESC[m'],
    ['an endless sequence is given up', [`\u001b[?${'1;'.repeat(5000)}`, 'h'], 'ESC[m'],
  ])('%s', (_name, written, expected) => {
    expect(undone(...written)).toBe(expected);
  });
});
