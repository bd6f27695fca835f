import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { commonConfig } from '../../devices/virtio/common-config-registers.ts';
import { barsOf, capabilitiesOf } from '../../inspector/model/config-space.ts';
import { blocksOf, heldIn, offeredFeatures, seenValue, vectorUses } from '../../inspector/model/device-blocks.ts';
import { functionOf } from '../../inspector/model/functions.ts';
import { msixOf } from '../../inspector/model/interrupts.ts';
import { emptyModel, foldEvent, type MachineModel } from '../../inspector/model/machine-model.ts';
import { entryOf } from '../../inspector/model/per-device.ts';
import { registerValue } from '../../inspector/model/register-blocks.ts';
import { valueAt } from '../../inspector/model/register-values.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toldShare } from './told-share.ts';

/** The machine may have much else to do. */
const TIMEOUT_MS = 300_000;

const path = mkdtempSync(join(tmpdir(), 'tsvmm-device-model-'));
writeFileSync(join(path, 'file'), 'some content');
afterAll(() => rmSync(path, { recursive: true }));

function folded(events: readonly TraceEvent[]): MachineModel {
  const model = emptyModel();
  for (const event of events) foldEvent(model, event);
  return model;
}

async function used(options: Parameters<typeof toldShare>[1] = {}) {
  const share = await toldShare(path, options);
  await share.client.version();
  const tree = await Tree.attach(share.client);
  await tree.read(await tree.open('file'), 0n, 100);
  return share;
}

type Share = Awaited<ReturnType<typeof used>>;

/** Configuration space as it is, byte by byte. Reading it tells no event. */
function configOf({ bus }: Share, slot: number): number[] {
  return Array.from({ length: 0x100 }, (_, at) => bus.at(slot)?.readConfig(at, 1) ?? -1);
}

describe('the model of a device is the device', () => {
  test.each([true, false])(
    'configuration space, BARs and capabilities (MSI-X %s)',
    async (messages) => {
      const share = await used({ messages });
      const { functions } = folded(share.events);
      expect(functions.list.map(({ slot, name }) => [slot, name])).toEqual([
        [0, 'host-bridge'],
        [1, 'virtio-9p-pci'],
      ]);
      for (const { slot, config } of functions.list) expect(config).toEqual(configOf(share, slot));
      const [bridge, found] = functions.list;
      expect([bridge?.found, found?.found]).toEqual([expect.anything(), expect.anything()]);
      expect(functions.vain).toBeGreaterThan(0);
      expect(functions.looked).toEqual(new Array(32).fill(true));
      expect(
        barsOf(found ?? { bars: [], config: [] }).map(({ index, address, length, decoded }) => ({
          ...{ index, address, length, decoded },
        })),
      ).toEqual(
        share.bars.map(({ bar: { index, length }, address }) => ({
          ...{ index, length, address: BigInt(address), decoded: true },
        })),
      );
      const held = barsOf(found ?? { bars: [], config: [] }).map((bar) => [
        bar.index,
        heldIn(found?.config ?? [], bar),
      ]);
      expect(Object.fromEntries(held)).toEqual({
        1: ['MSI-X table', 'MSI-X pending bits'],
        4: ['notifications', 'device-specific configuration', 'ISR status', 'common configuration'],
      });
      expect(capabilitiesOf(found?.config ?? []).map(({ name, offset }) => [name, offset])).toEqual([
        ['MSI-X', expect.any(Number)],
        ['PCI configuration access', expect.any(Number)],
        ['notifications', expect.any(Number)],
        ['device-specific configuration', expect.any(Number)],
        ['ISR status', expect.any(Number)],
        ['common configuration', 0x40],
      ]);
      await share.close();
    },
    TIMEOUT_MS,
  );

  test.each([
    [0x1009, 'io', 0, ['legacy interface']],
    [0x1009, 'io', 1, []],
    [0x1009, 'memory-32', 0, []],
    [0x1049, 'io', 0, []],
  ] as const)('of a function with device id 0x%s, the %s BAR %i holds %j', (id, kind, index, held) => {
    const config = new Array<number>(0x100).fill(0);
    [0xf4, 0x1a, id & 0xff, id >> 8].forEach((byte, at) => {
      config[at] = byte;
    });
    expect(heldIn(config, { index, kind })).toEqual(held);
  });

  test(
    'masks: what a write leaves is what the model says it leaves',
    async () => {
      const share = await used();
      const model = folded(share.events);
      const before = functionOf(model, 'host');
      if (before === undefined) throw new Error('the function is not known');
      for (const [offset, value] of [
        [0x00, 0xffff_ffff],
        [0x04, 0xffff_ffff],
        [0x0c, 0xffff_ffff],
        [0x14, 0xffff_ffff],
        [0x20, 0xffff_ffff],
        [0x24, 0x0000_0003],
        [0x3c, 0xabcd_ef12],
      ] as const) {
        share.pci.config.write(offset, 4, value);
      }
      const after = folded(share.events);
      const slot = before.slot;
      expect(functionOf(after, 'host')?.config).toEqual(configOf(share, slot));
      expect(valueAt(functionOf(after, 'host')?.config ?? [], 0x3c, 1)).toBe(0x12n);
      expect(functionOf(after, 'host')?.refused).toBe(before.refused + 1);
      expect(before.masks.slice(0x14, 0x18)).toEqual([0x00, 0xf0, 0xff, 0xff]);
      expect([before.masks[0x04], before.masks[0x05], before.masks[0x00]]).toEqual([0x07, 0x05, 0]);
    },
    TIMEOUT_MS,
  );

  test(
    'registers, those behind a selector too',
    async () => {
      const share = await used();
      const model = folded(share.events);
      const blocks = blocksOf(model, 'host');
      expect(blocks.map(({ block }) => block)).toEqual(['common_cfg', 'isr', 'device_cfg', 'notify']);
      const [common] = blocks;
      const compared = [];
      for (const register of common?.table?.registers ?? []) {
        const value = common?.seen && common.table && registerValue(common.seen, common.table, register);
        if (value === undefined) continue;
        compared.push(register.name);
        const { width } = commonConfig.at(register.name);
        const low = width === 8 ? value & 0xffff_ffffn : value;
        expect([register.name, Number(low)]).toEqual([register.name, share.pci.get(register.name)]);
      }
      expect(compared).toEqual(expect.arrayContaining(['device_status', 'queue_size', 'queue_desc', 'driver_feature']));
      expect(seenValue(blocks, ['queue_enable'], 0)).toBe(1n);
      const low = seenValue(blocks, ['device_feature'], 0) ?? 0n;
      const high = seenValue(blocks, ['device_feature'], 1) ?? 0n;
      expect((high << 32n) | low).toBe(share.pci.offeredFeatures());
      share.way.readConfig(0, 2);
      share.way.readConfig(2, 4);
      expect(seenValue(blocksOf(folded(share.events), 'host'), ['tag_len'])).toBe(4n);
      expect(seenValue(blocksOf(folded(share.events), 'host'), ['tag[0]'])).toBe(BigInt('h'.charCodeAt(0)));
    },
    TIMEOUT_MS,
  );

  test(
    'status, features and interrupts, and what a reset leaves',
    async () => {
      const share = await used();
      const model = folded(share.events);
      const life = entryOf(model.lives, 'host');
      expect(life?.steps.list.map(({ from, to }) => `${from} ${to}`)).toEqual([
        'reset acknowledged',
        'acknowledged driver',
        'driver features-ok',
        'features-ok running',
      ]);
      expect(life?.value).toBe(0x0f);
      expect(offeredFeatures(model, 'host')).toBe(share.pci.offeredFeatures());
      expect(BigInt(life?.features.agreed ?? 0) & 1n).toBe(1n);
      expect(msixOf(functionOf(model, 'host')?.config ?? [])).toMatchObject({
        vectors: 2,
        enabled: true,
        masked: false,
      });
      const sent = share.events.filter(({ kind }) => kind === 'message').length;
      const interrupts = entryOf(model.interrupts, 'host');
      expect(sent).toBeGreaterThan(2);
      expect(interrupts?.vectors.map(({ vector, sent: count }) => [vector, count])).toEqual([
        [0, 0],
        [1, sent],
      ]);
      expect(valueAt(interrupts?.vectors[1]?.bytes ?? [], 0, 8)).toBe(0xfee0_0000n);
      expect(valueAt(interrupts?.vectors[1]?.bytes ?? [], 8, 4)).toBe(0x41n);
      expect(vectorUses(model, 'host')).toEqual([
        { vector: 0, use: 'configuration' },
        { vector: 1, use: 'queue 0' },
      ]);

      share.pci.set('device_status', 0x1f);
      await share.close();
      const after = folded(share.events);
      const ended = entryOf(after.lives, 'host');
      expect([ended?.state, ended?.value, ended?.features.agreed]).toEqual(['reset', 0, '']);
      expect(ended?.faults.list.map(({ message }) => message)).toEqual([
        expect.stringContaining('bits 0x10 are not the driver'),
      ]);
      const blocks = blocksOf(after, 'host');
      expect(seenValue(blocks, ['device_status'])).toBe(0n);
      expect(seenValue(blocks, ['queue_enable'], 0)).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  test(
    'is plain data',
    async () => {
      const model = folded((await used()).events);
      expect(structuredClone(model)).toEqual(model);
      expect(JSON.parse(JSON.stringify(model))).toEqual(JSON.parse(JSON.stringify(structuredClone(model))));
    },
    TIMEOUT_MS,
  );
});
