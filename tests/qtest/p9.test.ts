import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { Client, gather, TakenBack } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { ERRNO } from '../../ninep/errno.ts';
import { type FidNumber, fidNumber, NOFID } from '../../ninep/wire-types.ts';
import { MachineProcess, QEMU_DRIVEN, TSVMM_DRIVEN } from './machine-process.ts';
import { P9Driver, type P9DriverOptions } from './p9-driver.ts';

jest.setTimeout(300_000);

const SLOT = 4;
const MSIZE = 4096;
const ROOT = fidNumber(0);

const INTERFACES: readonly (readonly [name: string, Omit<P9DriverOptions, 'slot'>])[] = [
  ['modern, MSI-X', {}],
  ['modern, pin', { msix: false }],
  ['legacy, MSI-X', { legacy: true }],
  ['legacy, pin', { legacy: true, msix: false }],
];

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-qtest-share-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const bytes = (...values: number[]) => ({ segments: [Uint8Array.from(values)], length: values.length });
const names = (path: string): Uint8Array[] => (path === '' ? [] : path.split('/').map(utf8));

for (const driven of [TSVMM_DRIVEN, QEMU_DRIVEN]) {
  const describeDriven = driven.missing === undefined ? describe : describe.skip;
  const title = driven.missing === undefined ? driven.name : `${driven.name} [${driven.missing}]`;

  describeDriven(`virtio-9p of ${title}, driven by qtest`, () => {
    let machine: MachineProcess;
    let driver: P9Driver;
    let client: Client;

    const start = async (fsdev: string, how: Omit<P9DriverOptions, 'slot'> = {}) => {
      machine = await MachineProcess.start(driven, [
        ...['-M', 'pc', '-m', '128', '-nodefaults', '-fsdev', `${fsdev},id=fs0`],
        ...['-device', `virtio-9p-pci,fsdev=fs0,mount_tag=qtest,addr=0${SLOT}.0`],
      ]);
      driver = await P9Driver.start(machine.qtest, { slot: SLOT, ...how });
      client = new Client(driver, { msize: MSIZE });
      await client.version();
    };
    const attach = () =>
      client.call('Tattach', { fid: ROOT, afid: NOFID, uname: utf8('root'), aname: utf8(''), n_uname: 0 });
    const walk = (path: string, newfid: FidNumber) => client.call('Twalk', { fid: ROOT, newfid, wname: names(path) });
    const stop = async () => expect(await machine.end('SIGTERM')).toBe(0);

    describe.each(INTERFACES)('%s', (_name, how) => {
      afterEach(stop);

      test('mount tag, version, attach, walk, open, write, read, and an interrupt for each answer', async () => {
        const share = mkdtempSync(join(scratch, 'interface-'));
        writeFileSync(join(share, 'file'), 'old content');
        await start(`local,path=${share},security_model=mapped-xattr`, how);
        const tag = Array.from({ length: 5 }, (_, index) => driver.transport.readConfig(2 + index, 1));
        expect([driver.transport.readConfig(0, 2), String.fromCharCode(...tag)]).toEqual([5, 'qtest']);
        expect(client.msize).toBe(MSIZE);
        expect((await attach()).qid.type).toBe(0x80);
        const fid = fidNumber(1);
        expect((await walk('file', fid)).wqid).toHaveLength(1);
        await client.call('Tlopen', { fid, flags: 2 });
        expect((await client.call('Twrite', { fid, offset: 0n, data: bytes(...utf8('new')) })).count).toBe(3);
        const { data } = await client.call('Tread', { fid, offset: 0n, count: 100 });
        expect(Buffer.from(gather(data.segments, data.length)).toString()).toBe('new content');
        expect(readFileSync(join(share, 'file'), 'utf8')).toBe('new content');
        expect(driver.interrupts).toBe(6);
      });
    });

    const { withoutSynth } = driven;
    const describeSynth = withoutSynth === undefined ? describe : describe.skip;
    describeSynth(`the tree of -fsdev synth${withoutSynth === undefined ? '' : ` [${withoutSynth}]`}`, () => {
      let fid = fidNumber(0);
      beforeAll(async () => {
        await start('synth');
        await attach();
      });
      beforeEach(() => {
        fid = fidNumber(fid + 1);
      });
      afterAll(stop);

      test('walk of 16 names', async () => {
        const path = Array.from({ length: 16 }, (_, depth) => `WALK${depth}`).join('/');
        expect((await walk(path, fid)).wqid).toHaveLength(16);
      });

      test('walk of a name with a slash', async () => {
        await expect(client.call('Twalk', { fid: ROOT, newfid: fid, wname: [utf8(' /')] })).rejects.toMatchObject({
          errno: ERRNO.ENOENT,
        });
      });

      test('walk of no names is the same file', async () => {
        const root = await client.call('Tgetattr', { fid: ROOT, request_mask: 0x7ffn });
        expect((await walk('', fid)).wqid).toEqual([]);
        expect((await client.call('Tgetattr', { fid, request_mask: 0x7ffn })).qid).toEqual(root.qid);
      });

      test('walk of a name that is not there, first and second', async () => {
        await expect(walk('non-existent', fid)).rejects.toMatchObject({ errno: ERRNO.ENOENT });
        expect((await walk('WALK0/non-existent', fid)).wqid).toHaveLength(1);
        // The fid was not made.
        const unknown = { errno: ERRNO.ENOENT };
        await expect(client.call('Tgetattr', { fid, request_mask: 0x7ffn })).rejects.toMatchObject(unknown);
      });

      test('open', async () => {
        await walk('LOPEN', fid);
        expect((await client.call('Tlopen', { fid, flags: 1 })).qid.type).toBe(0);
      });

      test('a write that is taken back is not answered', async () => {
        await walk('FLUSH', fid);
        await client.call('Tlopen', { fid, flags: 1 });
        const write = client.send('Twrite', { fid, offset: 0n, data: bytes(1, 2, 3) });
        const taken = expect(write.reply).rejects.toBeInstanceOf(TakenBack);
        await client.call('Tflush', { oldtag: write.tag });
        await taken;
      });

      test('a write that is done before it is taken back is answered', async () => {
        await walk('FLUSH', fid);
        await client.call('Tlopen', { fid, flags: 1 });
        const write = client.send('Twrite', { fid, offset: 0n, data: bytes(0, 2, 3) });
        await client.call('Tflush', { oldtag: write.tag });
        expect((await write.reply).count).toBe(1);
      });

      test.each([4096 - 11, 512, 256, 128])('a directory in replies of %i bytes', async (room) => {
        const tree = await Tree.attach(client, { firstFid: 1000 * fid });
        const listed: string[] = [];
        const directory = await tree.walk('ReadDirDir');
        await client.call('Tlopen', { fid: directory, flags: 0o200000 });
        for (let offset = 0n; ; ) {
          const { data } = await client.call('Treaddir', { fid: directory, offset, count: room });
          if (data.length === 0) break;
          expect(data.length).toBeLessThanOrEqual(room);
          for (const entry of entries(gather(data.segments, data.length))) {
            listed.push(entry.name);
            offset = entry.offset;
          }
        }
        const files = Array.from({ length: 100 }, (_, index) => `ReadDirFile${index}`);
        expect(listed.sort()).toEqual(['.', '..', ...files].sort());
      });
    });

    describe('a directory of this host', () => {
      let share: string;
      let tree: Tree;
      beforeAll(async () => {
        share = mkdtempSync(join(scratch, 'local-'));
        await start(`local,path=${share},security_model=mapped-xattr`);
        tree = await Tree.attach(client, { firstFid: 100 });
      });
      afterAll(stop);

      test('a file longer than a message is read', async () => {
        mkdirSync(join(share, 'sub'));
        writeFileSync(join(share, 'sub', 'file'), 'x'.repeat(10_000));
        expect(Buffer.from(await tree.readFile('sub/file')).toString()).toBe('x'.repeat(10_000));
      });

      test('directories are made and removed', async () => {
        await tree.mkdir('made');
        expect(statSync(join(share, 'made')).isDirectory()).toBe(true);
        await tree.rmdir('made');
        expect(existsSync(join(share, 'made'))).toBe(false);
      });

      test('files are made, written and removed', async () => {
        await tree.writeFile('file', 'content');
        expect(readFileSync(join(share, 'file'), 'utf8')).toBe('content');
        await tree.unlink('file');
        expect(existsSync(join(share, 'file'))).toBe(false);
      });

      test('symbolic links are made, read and removed', async () => {
        await tree.writeFile('target', 'content');
        await tree.symlink('link', 'target');
        expect(Buffer.from(await tree.readlink('link')).toString()).toBe('target');
        // The mapped models keep a link as a file that holds its target.
        expect(lstatSync(join(share, 'link')).isFile()).toBe(true);
        expect(() => readlinkSync(join(share, 'link'))).toThrow('EINVAL');
        await tree.unlink('link');
        expect(existsSync(join(share, 'link'))).toBe(false);
      });

      test('hard links are made and removed', async () => {
        await tree.writeFile('one', 'content');
        await tree.link('two', 'one');
        expect(statSync(join(share, 'two')).ino).toBe(statSync(join(share, 'one')).ino);
        await tree.unlink('one');
        expect(readFileSync(join(share, 'two'), 'utf8')).toBe('content');
      });
    });
  });
}

/** The entries of an Rreaddir. */
function entries(data: Uint8Array): { readonly name: string; readonly offset: bigint }[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const found: { readonly name: string; readonly offset: bigint }[] = [];
  for (let at = 0; at < data.length; ) {
    const length = view.getUint16(at + 22, true);
    const name = Buffer.from(data.subarray(at + 24, at + 24 + length)).toString();
    found.push({ name, offset: view.getBigUint64(at + 13, true) });
    at += 24 + length;
  }
  return found;
}
