import { expect, test } from '@jest/globals';
import { createMemory } from './backends/memory/memory.ts';
import { Client } from './client/client.ts';
import { Tree } from './client/tree.ts';
import { errno } from './contract/sessions.ts';
import { exportTable } from './export-table.ts';
import { createSession } from './session.ts';

async function tables() {
  const [src, doc] = [createMemory(), createMemory()];
  src.writeFile('/which', 'src');
  doc.writeFile('/which', 'doc');
  const table = exportTable(
    new Map([
      ['src', src],
      ['/srv/dökumente', doc],
    ]),
    'src',
  );
  const client = new Client(createSession(table));
  await client.version();
  let firstFid = 0;
  const attach = (aname: string) => {
    firstFid += 1000;
    return Tree.attach(client, { aname, firstFid });
  };
  return { client, attach };
}

test('each aname leads to its own export, none to the default', async () => {
  const { attach } = await tables();
  for (const [aname, which] of [
    ['', 'src'],
    ['src', 'src'],
    ['/srv/dökumente', 'doc'],
  ] as const) {
    expect(new TextDecoder().decode(await (await attach(aname)).readFile('which'))).toBe(which);
  }
});

test.each(['Src', 'src/', ' ', 'sr', 'x'.repeat(60_000), '__proto__', 'constructor', '..'])(
  'another aname is ENOENT (%#)',
  async (aname) => {
    const { attach } = await tables();
    await expect(attach(aname)).rejects.toBe(errno('ENOENT'));
  },
);

test('nothing is linked or renamed from one to the other', async () => {
  const { attach, client } = await tables();
  const [src, doc] = [await attach('src'), await attach('/srv/dökumente')];
  const from = await src.walk('');
  const to = await doc.walk('');
  const name = new TextEncoder().encode('which');
  const link = client.call('Tlink', { dfid: to, fid: await src.walk('which'), name: new TextEncoder().encode('new') });
  await expect(link).rejects.toBe(errno('EXDEV'));
  const rename = client.call('Trenameat', { olddirfid: from, oldname: name, newdirfid: to, newname: name });
  await expect(rename).rejects.toBe(errno('EXDEV'));
});

test('the default must be there', () => {
  expect(() => exportTable(new Map(), '')).toThrow(new RangeError("no export is called ''"));
});
