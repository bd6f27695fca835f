import { describe, expect, test } from '@jest/globals';
import { BuildError } from '../fixtures/build-error.ts';
import type { Progress } from '../fixtures/progress.ts';
import { exitStatuses } from './exit-statuses.ts';
import { lazyProgress } from './lazy-progress.ts';
import { printable, reportFailure } from './report.ts';
import { Collector } from './test-support/fake-process.ts';

describe('lines for people', () => {
  test.each([
    ['plain', 'plain'],
    ['two\nlines\r\ttab', 'two\\nlines\\r\\ttab'],
    ['\u001b[2J\u0000\u007f\u0085', '\\x1b[2J\\x00\\x7f\\x85'],
    ['naïve — 東京', 'naïve — 東京'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('the end of a build log stands below its line', () => {
    const stderr = new Collector();
    const error = new BuildError('guest kernel', '/c/log', ['  CC a.o', 'a.c:1: oh\u001b[31m']);
    expect(reportFailure(stderr, error)).toBe(125);
    expect(stderr.text).toBe(
      'tsvmm: cannot make the guest kernel; the last lines of /c/log:\n    CC a.o\n  a.c:1: oh\\x1b[31m\n',
    );
  });

  test('what is no Error is reported too', () => {
    const stderr = new Collector();
    expect(reportFailure(stderr, 'thrown')).toBe(125);
    expect(stderr.text).toBe('tsvmm: internal error: thrown\n');
  });
});

test('each exit status has one row, lowest first', () => {
  const written = exitStatuses().map((row) => row.written);
  expect(written).toEqual(['0', '2', '120', '121', '122', '123', '125', '128+N', "COMMAND's own"]);
});

describe('progress shown late', () => {
  function recorder(): { calls: string[]; progress: Progress } {
    const calls: string[] = [];
    return {
      calls,
      progress: {
        step: (name, total) => calls.push(`${name} ${total}`),
        update: (done) => calls.push(`${done}`),
        done: () => calls.push('done'),
      },
    };
  }

  test('calls keep their order while the display is loaded once', async () => {
    const { calls, progress } = recorder();
    let loads = 0;
    const lazy = lazyProgress(async () => {
      loads++;
      return progress;
    });
    lazy.step('compiling', 10);
    lazy.update(5);
    lazy.done();
    await new Promise(setImmediate);
    expect([calls, loads]).toEqual([['compiling 10', '5', 'done'], 1]);
  });

  test('nothing to show loads nothing', async () => {
    let loads = 0;
    lazyProgress(async () => {
      loads++;
      return recorder().progress;
    }).done();
    await new Promise(setImmediate);
    expect(loads).toBe(0);
  });
});
