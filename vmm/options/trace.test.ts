import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../usage-error.ts';
import { parseTrace } from './trace.ts';

const USUAL = new Set(['request', 'reply', 'taken-back']);

describe('--trace', () => {
  test.each<[string | true, object]>([
    [true, { language: 'lines', choice: {} }],
    ['9p.log', { file: '9p.log', language: 'lines', choice: {} }],
    ['a=b', { file: 'a=b', language: 'lines', choice: {} }],
    ['x,,y', { file: 'x,y', language: 'lines', choice: {} }],
    ['run.jsonl', { file: 'run.jsonl', language: 'jsonl', choice: { kinds: USUAL } }],
    ['run.d/run.pcapng', { file: 'run.d/run.pcapng', language: 'pcapng', choice: { kinds: USUAL } }],
    ['run.jsonl,format=text', { file: 'run.jsonl', language: 'text', choice: { kinds: USUAL } }],
    ['t,events=kick+9p', { file: 't', language: 'text', choice: { kinds: new Set(['kick', ...USUAL]) } }],
    ['events=host', { language: 'text', choice: { kinds: new Set(['host-call']) } }],
    [
      't,device=src,tag=3,fid=7,message=Twalk+Rwalk',
      {
        file: 't',
        language: 'text',
        choice: { kinds: USUAL, device: 'src', tag: 3, fid: 7, messages: new Set(['Twalk', 'Rwalk']) },
      },
    ],
  ])('%s', (given, request) => {
    const { choice, ...rest } = parseTrace(given);
    const said = Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined));
    expect({ ...rest, choice: said }).toEqual(request);
  });

  test.each([
    ['', '--trace is empty; name a file'],
    [',format=text', '--trace: begins with a comma; write --trace FILE'],
    ['t,format=xml', "--trace: format: 'xml' is unknown; the values are text, jsonl, pcapng"],
    ['t,events=kicks', "--trace: events: 'kicks' is unknown; did you mean kick?"],
    ['t,message=Twalk+Twallk', "--trace: message: 'Twallk' is unknown; did you mean Twalk?"],
    ['t,tag=65536', '--trace: tag 65536 is out of range; it goes from 0 to 65535'],
    ['t,fid=-1', "--trace: fid: '-1' is no whole number"],
    ['t,evnets=all', "--trace: unknown option 'evnets'; did you mean events?"],
    ['format=pcapng', '--trace: format=pcapng needs a file; write --trace FILE,format=pcapng'],
  ])('%j is refused in one line', (given, line) => {
    expect(() => parseTrace(given)).toThrow(new UsageError(line));
  });
});
