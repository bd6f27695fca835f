import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../usage-error.ts';
import { parseInspect } from './inspect.ts';

describe('--inspect', () => {
  test.each([
    ['0', { port: 0 }, false],
    ['8000,wait=on', { port: 8000 }, true],
    ['8000,wait', { port: 8000 }, true],
    ['127.0.0.1:65535', { host: '127.0.0.1', port: 65_535 }, false],
    ['[::1]:0', { host: '::1', port: 0 }, false],
    ['box.example:80,wait=off', { host: 'box.example', port: 80 }, false],
  ])('%s', (given, address, wait) => {
    expect(parseInspect(given)).toEqual({ address, wait });
  });

  test.each([
    ['', '--inspect: is empty; write --inspect [HOST:]PORT'],
    ['host', "--inspect: at: 'host' is no address; write PORT or HOST:PORT"],
    [':80', "--inspect: at: ':80' is no address; write PORT or HOST:PORT"],
    ['::1:80', "--inspect: at: '::1:80' is no address; write PORT or HOST:PORT"],
    ['[host]:80', "--inspect: at: 'host' is no IPv6 address"],
    ['70000', '--inspect: at 70000 is no port; it goes from 0, for a free one, to 65535'],
    ['0,wait=maybe', "--inspect: wait: 'maybe' is neither on nor off"],
    ['0,wiat=on', "--inspect: unknown option 'wiat'; did you mean wait?"],
  ])('%s is refused', (given, message) => {
    expect(() => parseInspect(given)).toThrow(new UsageError(message));
  });
});
