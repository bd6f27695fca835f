import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { TraceEvent } from '../../trace/event.ts';
import type { MachineDescription } from '../../trace/machine-description.ts';
import { RecordingReader } from '../../trace/recording/recording-reader.ts';
import { all } from '../../trace/test-support/sample-events.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { tsvmm } from '../support/tsvmm.ts';

const withoutTshark =
  spawnSync('tshark', ['--version']).status === 0 ? undefined : 'tshark is not installed: apt-get install tshark';

/** What tshark prints of the frames that a display filter lets pass, a line for each. */
function shown(file: string, filter: string, ...args: string[]): string[] {
  const text = execFileSync('tshark', ['-r', file, '-Y', filter, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text.split('\n').slice(0, -1);
}

/** Fields of each frame that a display filter lets pass. */
function tshark(file: string, filter: string, ...fields: string[]): string[][] {
  const args = fields.flatMap((field) => ['-e', field]);
  return shown(file, filter, '-T', 'fields', ...args).map((line) => line.split('\t'));
}

describeGuest('a traced mount', () => {
  const scratch = scratchDirectory();
  const inScratch = (name: string) => join(scratch, name);
  const run = (share: string, script: string, ...options: string[]) =>
    tsvmm(['run', '--accel', 'software', '-m', '128M', ...share.split(' '), ...options, '--', 'sh', '-c', script]);
  const shareOf = (path: string) => `--virtfs local,path=${path},mount_tag=host`;

  test(
    'a recording of it has what it must: from the first configuration cycle to the last interrupt',
    async () => {
      writeFileSync(inScratch('file'), 'some content\n');
      const result = await run(shareOf(scratch), 'cat /mnt/host/file', '--record', inScratch('run.rec'));
      expect([result.status, result.stdout]).toEqual([0, 'some content\n']);
      const reader = await RecordingReader.open(readFileSync(inScratch('run.rec')));
      const events = await all(reader.from());
      expect([reader.truncated, events.length]).toEqual([false, reader.count]);
      const first = <K extends TraceEvent['kind']>(kind: K, having: (event: TraceEvent<K>) => boolean = () => true) => {
        const found = (events as TraceEvent<K>[]).find((event) => event.kind === kind && having(event));
        if (found === undefined) throw new Error(`there is no ${kind}`);
        return found;
      };
      const { description } = first('machine').fields as { readonly description: MachineDescription };
      const slot = first('plugged', ({ device }) => device === 'host').fields.address;
      const plugged = description.functions.find((one) => one.slot === slot);
      expect(plugged?.name).toBe('virtio-9p-pci');
      expect(plugged?.bars.map(({ index }) => index).sort()).toEqual([0, 1, 4]);
      expect(plugged?.capabilities.map(({ id }) => id).sort()).toEqual([17, 9, 9, 9, 9, 9].sort());
      expect(description.tables.map(({ name }) => name)).toContain('common_cfg');

      const steps = [
        first('config-read', ({ fields }) => fields.slot === slot && fields.text === 'vendor_id = 0x1af4'),
        first('status', ({ device, fields }) => device === 'host' && fields.to === 'features-ok'),
        first('queue', ({ device }) => device === 'host'),
        first('request', ({ device, fields }) => device === 'host' && fields.name === 'Tversion'),
        first('host-call', ({ device, fields }) => device === 'host' && fields.name === 'statx'),
        first('reply', ({ device, fields }) => device === 'host' && fields.name === 'Rattach'),
      ];
      const order = steps.map(({ id }) => id);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      const read = first('reply', ({ device, fields }) => device === 'host' && fields.name === 'Rread');
      expect(new TextDecoder().decode(read.fields.bytes?.subarray(11))).toBe('some content\n');
      const used = first('used', ({ fields }) => fields.chain === read.fields.chain);
      const notified = first('notification', ({ fields }) => fields.used?.includes(used.id) === true);
      expect(first('message', ({ cause }) => cause === notified.id).fields.outcome).toBe('sent');
      expect(
        (read.fields.calls ?? []).map((call) => (events[call - 1] as TraceEvent<'host-call'>).fields.name),
      ).toContain('preadv2');
    },
    GUEST_TIMEOUT_MS,
  );

  const withTshark = withoutTshark === undefined ? test : test.skip;
  withTshark(
    `tshark takes a mount in each dialect apart as we do${withoutTshark === undefined ? '' : ` [${withoutTshark}]`}`,
    async () => {
      const file = inScratch('run.pcapng');
      writeFileSync(inScratch('big'), new Uint8Array(700_000).fill(7));
      const mount = (version: string) =>
        `mkdir -p /tmp/m && mount -t 9p -o trans=virtio,version=${version} host /tmp/m && ls -l /tmp/m && cat /tmp/m/big | wc -c && ` +
        'echo new > /tmp/m/made && mv /tmp/m/made /tmp/m/moved && rm /tmp/m/moved && ! cat /tmp/m/none && umount /tmp/m';
      const script = ['9p2000.L', '9p2000.u', '9p2000'].map(mount).join(' && ');
      const share = `${shareOf(scratch)} --mount host=none`;
      const result = await run(share, script, '--trace', `${file},events=all`);
      expect([result.status, result.stdout.match(/^700000$/gm)?.length]).toEqual([0, 3]);

      // Ours: what tsvmm trace says of the same file.
      const printed = await tsvmm(['trace', file, '--format', 'jsonl', '--events', '9p']);
      expect([printed.status, printed.stderr]).toEqual([0, '']);
      const ours = printed.stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line): { kind: string; name: string; type: number; tag: number; device: string } => JSON.parse(line))
        .filter(({ kind }) => kind !== 'taken-back');
      const versions = ours.filter(({ name, device }) => name === 'Rversion' && device === 'host');
      expect(versions.length).toBe(3);

      const theirs = tshark(file, '9p', '9p.msgtype', '9p.tag', 'frame.interface_name');
      expect(theirs.map(([type, tag, name]) => [Number(type), Number(tag), name])).toEqual(
        ours.map(({ type, tag, device }) => [type, tag, device]),
      );
      // Every message has its name where people look for it.
      const named = shown(file, '9p').map((line) => / ([TR][a-z]+) Tag=\d+/.exec(line)?.[1]);
      expect(named).toEqual(ours.map(({ name }) => name));
      // The dissector of Wireshark 4.0 takes the extension of a Tcreate in 9P2000.u from the wrong place; ours is what Linux sent.
      const malformed = tshark(
        file,
        '_ws.malformed || _ws.expert.severity >= 6291456',
        'frame.protocols',
        '9p.msgtype',
      );
      expect(malformed.filter(([, type]) => type !== '114')).toEqual([]);
      expect(
        tshark(file, 'tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0', 'frame.number'),
      ).toEqual([]);
      const journal = tshark(file, 'systemd_journal', 'frame.number').length;
      expect(journal).toBeGreaterThan(ours.length);
    },
    GUEST_TIMEOUT_MS,
  );
}, ['software']);
