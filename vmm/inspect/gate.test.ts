import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { Gate } from './gate.ts';

const gate = (host: string) => new Gate({ host, port: 4000, token: 'secret' });

describe('who names the server rightly', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1:4000', undefined],
    ['127.0.0.1', 'localhost:4000', undefined],
    ['127.0.0.1', '[::1]:4000', undefined],
    ['::1', '[::1]:4000', undefined],
    ['127.0.0.1', 'rebound.example:4000', 421],
    ['127.0.0.1', '127.0.0.1.example:4000', 421],
    ['127.0.0.1', 'localhost.example:4000', 421],
    ['127.0.0.1', '192.0.2.1:4000', 421],
    ['127.0.0.1', '127.0.0.1:4001', 421],
    ['127.0.0.1', '127.0.0.1', 421],
    ['127.0.0.1', '', 421],
    ['127.0.0.1', '[::1', 421],
    ['127.0.0.1', 'user@127.0.0.1:4000', 421],
    ['127.0.0.1', `${hostname()}:4000`, 421],
    ['0.0.0.0', '192.0.2.1:4000', undefined],
    ['0.0.0.0', `${hostname()}:4000`, undefined],
    ['0.0.0.0', 'rebound.example:4000', 421],
  ])('listening on %s, asked as %s', (address, host, status) => {
    expect(gate(address).refusal({ host })?.status).toBe(status);
  });

  test('a request without any name is refused', () => {
    expect(gate('127.0.0.1').refusal({})?.status).toBe(421);
  });

  test.each([
    [undefined, undefined],
    ['http://127.0.0.1:4000', undefined],
    ['http://localhost:4000', 403],
    ['https://127.0.0.1:4000', 403],
    ['http://127.0.0.1:4001', 403],
    ['http://evil.example', 403],
    ['null', 403],
    ['', 403],
  ])('from the page %s', (origin, status) => {
    const headers = { host: '127.0.0.1:4000', ...(origin !== undefined && { origin }) };
    expect(gate('127.0.0.1').refusal(headers)?.status).toBe(status);
  });

  test.each([
    ['Bearer secret', true],
    ['Bearer secret ', false],
    ['Bearer secre', false],
    ['Bearer secretsecret', false],
    ['bearer secret', false],
    ['Bearer ', false],
    ['secret', false],
  ])('Authorization: %s', (authorization, known) => {
    expect(gate('127.0.0.1').knowsToken({ authorization })).toBe(known);
  });

  test.each([
    ['tsvmm-inspect-1, token.secret', true],
    ['token.secret', true],
    ['tsvmm-inspect-1', false],
    ['tsvmm-inspect-1, token.', false],
    ['tsvmm-inspect-1, token.other, token.secret', false],
    ['', false],
  ])('the subprotocols %s', (offered, known) => {
    expect(gate('127.0.0.1').offersToken({ 'sec-websocket-protocol': offered })).toBe(known);
  });
});
