import { describe, expect, test } from '@jest/globals';
import { parseListenAddress, showListenAddress } from './listen-address.ts';

describe('an address to listen on', () => {
  test.each([
    ['unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
    ['unix:rel:ative', { kind: 'unix', path: 'rel:ative' }],
    [`unix:/${'a'.repeat(106)}`, { kind: 'unix', path: `/${'a'.repeat(106)}` }],
    ['tcp:127.0.0.1:564', { kind: 'tcp', host: '127.0.0.1', port: 564 }],
    ['tcp:localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['tcp:[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
  ])('%s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
    expect(showListenAddress(parseListenAddress(text))).toBe(text);
  });

  test.each([
    ['', "listen: '' is no address; write unix:PATH or tcp:HOST:PORT"],
    ['/run/a', "listen: '/run/a' lacks its kind; write unix:/run/a"],
    ['127.0.0.1:564', "listen: '127.0.0.1:564' is no address; write unix:PATH or tcp:HOST:PORT"],
    ['vsock:1:2', "listen: 'vsock:1:2' is no address; write unix:PATH or tcp:HOST:PORT"],
    ['unix:', "listen: 'unix:' lacks the path; write unix:PATH"],
    ['unix:a\0b', 'listen: the path holds a NUL byte; leave it out'],
    [
      `unix:/${'ä'.repeat(54)}`,
      `listen: the path /${'ä'.repeat(54)} has 109 bytes, a socket's at most 107; name it from a directory nearer to it`,
    ],
    ['tcp:', "listen: 'tcp:' is no address; write tcp:HOST:PORT"],
    ['tcp:564', "listen: 'tcp:564' is no address; write tcp:HOST:PORT"],
    ['tcp::564', "listen: 'tcp::564' lacks the host; write tcp:127.0.0.1:564"],
    ['tcp:::1:564', "listen: 'tcp:::1:564' is no address; an IPv6 address stands in brackets: tcp:[::1]:PORT"],
    ['tcp:[localhost]:1', "listen: 'localhost' is no IPv6 address; brackets are for those alone"],
    ['tcp:h:', "listen: '' is no port; it is a number from 0 to 65535"],
    ['tcp:h:65536', "listen: '65536' is no port; it is a number from 0 to 65535"],
    ['tcp:h:5x', "listen: '5x' is no port; it is a number from 0 to 65535"],
  ])('%j is refused', (text, line) => {
    expect(() => parseListenAddress(text)).toThrow(line);
  });
});
