import { describe, expect, test } from '@jest/globals';
import { EscapeKeys } from './escape-keys.ts';

/** What stretches of typed bytes come to, one word per action: bytes in hexadecimal, or the action's name. */
function typed(...stretches: readonly number[][]): string[] {
  const keys = new EscapeKeys();
  return stretches.flatMap((stretch) =>
    keys
      .feed(Uint8Array.from(stretch))
      .map((action) => (action.kind === 'send' ? Buffer.from(action.bytes).toString('hex') : action.kind)),
  );
}

const CTRL_A = 0x01;
const [a, b, h, x, question] = [0x61, 0x62, 0x68, 0x78, 0x3f];

describe('keys on the console', () => {
  test.each<[string, number[][], string[]]>([
    ['nothing', [[]], []],
    ['plain bytes pass', [[a, b, x, h]], ['61627868']],
    ['Ctrl-C, Ctrl-D, Ctrl-Z, NUL and bytes above 127 pass', [[0x03, 0x04, 0x1a, 0x00, 0xff]], ['03041a00ff']],
    ['Ctrl-A x leaves', [[CTRL_A, x]], ['leave']],
    ['Ctrl-A x leaves, typed key by key', [[CTRL_A], [x]], ['leave']],
    ['x alone does not leave', [[x], [CTRL_A], [CTRL_A], [x]], ['78', '01', '78']],
    ['what is typed before Ctrl-A x is sent, what follows is dropped', [[a, b, CTRL_A, x, a, b]], ['6162', 'leave']],
    ['Ctrl-A a sends Ctrl-A', [[CTRL_A, a]], ['01']],
    ['Ctrl-A Ctrl-A sends one Ctrl-A', [[CTRL_A, CTRL_A]], ['01']],
    ['three Ctrl-A and x: one sent, then leave', [[CTRL_A, CTRL_A, CTRL_A, x]], ['01', 'leave']],
    ['Ctrl-A h and Ctrl-A ? ask for help', [[CTRL_A, h, CTRL_A, question]], ['help', 'help']],
    ['any other key after Ctrl-A is swallowed with it', [[a, CTRL_A, b, a]], ['61', '61']],
    ['Ctrl-A and a NUL are swallowed', [[CTRL_A, 0x00, b]], ['62']],
    ['Ctrl-A at the end waits', [[a, CTRL_A]], ['61']],
    ['a key between two stretches of text', [[a, CTRL_A, h, b]], ['61', 'help', '62']],
    ['Ctrl-A X in capitals does not leave', [[CTRL_A, 0x58]], []],
  ])('%s', (_name, stretches, expected) => {
    expect(typed(...stretches)).toEqual(expected);
  });

  test('bytes to send are views of what was typed', () => {
    const bytes = Uint8Array.of(a, CTRL_A, b, b);
    for (const action of new EscapeKeys().feed(bytes)) {
      if (action.kind === 'send') expect(action.bytes.buffer).toBe(bytes.buffer);
    }
  });
});
