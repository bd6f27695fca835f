import { describe, expect, test } from '@jest/globals';
import type { MonitoredMachine } from './commands.ts';
import { QmpSession } from './qmp-session.ts';

/** A session with a machine that notes what is asked of it, and what was sent. */
function talk(machine: Partial<MonitoredMachine> = {}) {
  const sent: Record<string, unknown>[] = [];
  const calls: string[] = [];
  const session = new QmpSession(
    { status: 'running', reset: () => void calls.push('reset'), quit: () => void calls.push('quit'), ...machine },
    (text) => void sent.push(JSON.parse(text)),
  );
  const ask = async (...texts: readonly string[]): Promise<Record<string, unknown>[]> => {
    sent.length = 0;
    for (const text of texts) await session.receive(Buffer.from(text));
    return [...sent];
  };
  return { session, sent, calls, ask };
}

/** The names in a returned list. */
function namesOf(answer: Record<string, unknown> | undefined): string[] {
  if (!Array.isArray(answer?.return)) throw new Error('no list was returned');
  return answer.return.map(({ name }: { name: string }) => name);
}

const NEGOTIATE = '{"execute":"qmp_capabilities"}';
const generic = (desc: string) => ({ error: { class: 'GenericError', desc } });
const notFound = (desc: string) => ({ error: { class: 'CommandNotFound', desc } });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('it greets, and takes no command before capabilities are agreed on', async () => {
  const { sent, ask } = talk();
  expect(sent).toEqual([
    { QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: 'tsvmm' }, capabilities: [] } },
  ]);
  expect(await ask('{"execute":"query-status"}')).toEqual([
    notFound("Expecting capabilities negotiation with 'qmp_capabilities'"),
  ]);
  expect(await ask('{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}')).toEqual([
    generic('Capability oob not available'),
  ]);
  expect(await ask(NEGOTIATE, NEGOTIATE)).toEqual([
    { return: {} },
    notFound('Capabilities negotiation is already complete, command ignored'),
  ]);
});

describe('what is no request is an error, and the next one is served', () => {
  test.each([
    ['nonsense\n', generic('JSON parse error, an object is expected')],
    ['"text"\n', generic('JSON parse error, an object is expected')],
    ['[]', generic('QMP input must be a JSON object')],
    ['{}', generic("QMP input lacks member 'execute'")],
    ['{"execute":7}', generic("QMP input member 'execute' must be a string")],
    ['{"execute":"quit","arguments":[]}', generic("QMP input member 'arguments' must be an object")],
    ['{"execute":"quit","extra":1}', generic("QMP input member 'extra' is unexpected")],
    ['{"execute":"frobnicate"}', notFound('The command frobnicate has not been found')],
    ['{"execute":"toString"}', notFound('The command toString has not been found')],
    ['{"execute":"query-status","arguments":{"x":1}}', generic("Parameter 'x' is unexpected")],
    [
      '{"execute":"qom-list-types","arguments":{"abstract":"yes"}}',
      generic("Invalid parameter type for 'abstract', expected: boolean"),
    ],
    [
      '{"execute":"frobnicate","id":{"a":1}}',
      { ...notFound('The command frobnicate has not been found'), id: { a: 1 } },
    ],
    [`{"a":"${'x'.repeat(2 ** 20)}"}`, generic('JSON token size limit exceeded: a request has 1048576 bytes at most')],
  ])('%.60s', async (text, answer) => {
    const { ask } = talk();
    await ask(NEGOTIATE);
    expect(await ask(text, '{"execute":"query-status"}')).toEqual([
      answer,
      { return: { running: true, singlestep: false, status: 'running' } },
    ]);
  });

  test.each(['{execute}', '{"execute":"quit",}', '{"a":"\u0001"}', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}`])(
    '%.20s is no JSON',
    async (text) => {
      const { ask, calls } = talk();
      await ask(NEGOTIATE);
      const [first] = await ask(`${text}}}`);
      expect(JSON.stringify(first)).toMatch(/JSON parse error|lacks member|is unexpected/);
      expect(calls).toEqual([]);
    },
  );
});

test('requests may come in any pieces, several at once, with braces in strings', async () => {
  const { session, sent, ask } = talk();
  await ask(NEGOTIATE);
  sent.length = 0;
  for (const byte of Buffer.from('{"execute":"query-name","id":"}\\"{"}\r\n{"execute":"query-name","id":"é"}')) {
    await session.receive(Uint8Array.of(byte));
  }
  expect(sent).toEqual([
    { return: {}, id: '}"{' },
    { return: {}, id: 'é' },
  ]);
});

describe('commands', () => {
  test('machines have the members their readers look for', async () => {
    const { ask } = talk();
    await ask(NEGOTIATE);
    const [answer] = await ask('{"execute":"query-machines"}');
    const rest = { 'hotpluggable-cpus': false, 'numa-mem-supported': false, deprecated: false };
    expect(answer?.return).toEqual([
      { name: 'pc', 'is-default': true, 'cpu-max': 16, ...rest },
      { name: 'none', 'cpu-max': 1, ...rest },
    ]);
  });

  test('types by ancestor, abstract ones only if asked for', async () => {
    const { ask } = talk();
    await ask(NEGOTIATE);
    const list = async (given: object) => {
      const [answer] = await ask(JSON.stringify({ execute: 'qom-list-types', arguments: given }));
      return namesOf(answer);
    };
    const devices = await list({ implements: 'device' });
    expect(devices).toEqual(
      expect.arrayContaining(['i440FX-pcihost', 'virtio-9p-pci', 'virtio-9p-device', 'virtio-rng-pci']),
    );
    expect(devices).not.toEqual(expect.arrayContaining(['device']));
    expect(devices).not.toEqual(expect.arrayContaining(['virtio-9p-ccw']));
    expect(await list({ implements: 'machine' })).toEqual(['pc-machine', 'none-machine']);
    expect(await list({ implements: 'machine', abstract: true })).toEqual(['machine', 'pc-machine', 'none-machine']);
    expect(await list({ implements: 'nothing' })).toEqual([]);
  });

  test('query-commands names every one that is answered', async () => {
    const { ask } = talk();
    await ask(NEGOTIATE);
    const [answer] = await ask('{"execute":"query-commands"}');
    const names = namesOf(answer);
    expect(names).toEqual(expect.arrayContaining(['qmp_capabilities', 'quit', 'system_reset', 'query-version']));
  });

  test('system_reset and quit are answered first and done then', async () => {
    const { ask, calls } = talk();
    await ask(NEGOTIATE);
    expect(await ask('{"execute":"system_reset"}', '{"execute":"quit"}')).toEqual([{ return: {} }, { return: {} }]);
    expect(calls).toEqual([]);
    await turn();
    expect(calls).toEqual(['reset', 'quit']);
  });

  test('a machine that cannot be reset says so', async () => {
    const { ask } = talk({ reset: undefined });
    await ask(NEGOTIATE);
    expect(await ask('{"execute":"system_reset"}')).toEqual([generic('This machine cannot be reset')]);
  });
});

test('events are told from the agreement on to the end', async () => {
  const { session, sent, ask } = talk();
  session.event('RESET', {});
  await ask(NEGOTIATE);
  session.event('RESET', { guest: true });
  session.close();
  session.event('SHUTDOWN', {});
  expect(sent.slice(1)).toEqual([
    {
      event: 'RESET',
      data: { guest: true },
      timestamp: { seconds: expect.any(Number), microseconds: expect.any(Number) },
    },
  ]);
});
