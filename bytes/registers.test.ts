import { describe, expect, test } from '@jest/globals';
import type { RegisterRow } from './register-row.ts';
import { registerBlock } from './registers.ts';

const spec = 'test §1 Registers';
const doc = 'A register.';
const row = { spec, doc, reset: 0 } as const;

interface Seen {
  readonly writes: [string, number | bigint][];
  reads: number;
  small: number;
  wide: bigint;
}

const seen = (): Seen => ({ writes: [], reads: 0, small: 0x1234, wide: 0x1122_3344_5566_7788n });

const block = registerBlock<Seen>('sample', [
  { ...row, name: 'kept', at: 0x00, width: 4, access: 'rw', reset: 0xcafe_f00d },
  { ...row, name: 'id', at: 0x04, width: 2, access: 'ro', reset: 0x1af4 },
  {
    ...row,
    name: 'small',
    at: 0x06,
    width: 2,
    access: 'rw',
    read: (o) => {
      o.reads++;
      return o.small;
    },
    write: (o, v) => {
      o.small = v;
      o.writes.push(['small', v]);
    },
  },
  {
    ...row,
    name: 'wide',
    at: 0x08,
    width: 8,
    access: 'rw',
    reset: 0n,
    read: (o) => o.wide,
    write: (o, v) => {
      o.wide = v;
      o.writes.push(['wide', v]);
    },
  },
  {
    ...row,
    name: 'masked',
    at: 0x10,
    width: 4,
    access: 'rw-masked',
    reset: 0x10,
    mask: 0x0f0f,
    write: (o, v) => o.writes.push(['masked', v]),
  },
  { ...row, name: 'status', at: 0x14, width: 2, access: 'w1c', reset: 0xffff, mask: 0xf900 },
  { ...row, name: 'isr', at: 0x16, width: 1, access: 'rc', reset: 3 },
  { ...row, name: 'kept_wide', at: 0x18, width: 8, access: 'rw', reset: 0n },
  {
    ...row,
    name: 'window',
    at: 0x20,
    width: 4,
    access: 'rw',
    latched: true,
    read: (o) => {
      o.reads++;
      return 0xaabb_ccdd;
    },
    write: (o, v) => o.writes.push(['window', v]),
  },
]);

describe('register block refuses at load', () => {
  const good: RegisterRow<Seen> = { ...row, name: 'a', at: 0, width: 4, access: 'rw' };
  const refused: [string, RegExp, RegisterRow<Seen>[]][] = [
    [
      'a selector that is not there',
      /a: it is selected by which, which is no register/,
      [{ ...good, selectedBy: 'which' }],
    ],
    ['overlap', /b: it overlaps a/, [good, { ...good, name: 'b', at: 2, width: 2 }]],
    ['misalignment', /offset 2 is not aligned to its width 4/, [{ ...good, at: 2 }]],
    ['misalignment of 8 bytes', /not aligned/, [{ ...row, name: 'w', at: 4, width: 8, access: 'rw', reset: 0n }]],
    ['a negative offset', /offset is not a whole number/, [{ ...good, at: -4 }]],
    ['ro with a writer', /is ro and has a writer/, [{ ...good, access: 'ro', write: () => {} }]],
    ['rc with a writer', /is rc and has a writer/, [{ ...good, access: 'rc', write: () => {} }]],
    ['rw with a writer alone', /only one of its handlers/, [{ ...good, write: () => {} }]],
    ['rw with a reader alone', /only one of its handlers/, [{ ...good, read: () => 0 }]],
    ['rw-masked without mask', /without a mask/, [{ ...good, access: 'rw-masked' }]],
    ['rw with a mask', /is rw and has a mask/, [{ ...good, mask: 1 }]],
    ['w1c with a reader', /kept by the block, and has a reader/, [{ ...good, access: 'w1c', read: () => 0 }]],
    ['no citation', /cites no specification/, [{ ...good, spec: ' ' }]],
    ['no description', /has no description/, [{ ...good, doc: '' }]],
    ['a reset value too wide', /reset value does not fit 1 bytes/, [{ ...good, width: 1, reset: 256 }]],
    ['a negative reset value', /reset value does not fit/, [{ ...good, reset: -1 }]],
    ['a mask too wide', /mask value does not fit/, [{ ...good, width: 2, access: 'w1c', mask: 0x1_0000 }]],
    ['a bit outside', /bit TOP is outside/, [{ ...good, width: 1, bits: { TOP: 8 } }]],
    ['a name twice', /another register has its name/, [good, { ...good, at: 4 }]],
  ];
  test.each(refused)('%s', (_what, message, rows) => {
    expect(() => registerBlock('bad', rows)).toThrow(message);
  });

  test('overrun', () => {
    expect(() => registerBlock('bad', [good], { length: 2 })).toThrow('overruns the block of 2 bytes');
  });
});

describe('bad accesses', () => {
  const bank = block.instance(seen());
  test.each([
    [-1, 1],
    [0x24, 1],
    [0x22, 4],
    [0, 8],
    [0, 3],
    [0, 0],
    [0.5, 1],
    [Number.NaN, 1],
  ])('offset %d width %d', (offset, width) => {
    expect(bank.read(offset, width)).toBeUndefined();
    expect(bank.write(offset, width, 0)).toBe('bad-access');
  });
});

describe('splitting and joining', () => {
  test('narrow reads of a kept register', () => {
    const bank = block.instance(seen());
    expect(bank.read(0, 4)).toBe(0xcafe_f00d);
    expect([0, 1, 2, 3].map((at) => bank.read(at, 1))).toEqual([0x0d, 0xf0, 0xfe, 0xca]);
    expect(bank.read(1, 2)).toBe(0xfef0);
  });

  test('a read across two registers asks the handler for its whole value', () => {
    const owner = seen();
    const bank = block.instance(owner);
    expect(bank.read(4, 4)).toBe(0x1234_1af4);
    expect(bank.read(3, 4)).toBe(0x341a_f4ca);
    expect(owner.reads).toBe(2);
  });

  test('a straddling write changes the bytes it covers and nothing else', () => {
    const owner = seen();
    const bank = block.instance(owner);
    expect(bank.write(2, 4, 0xaaaa_bbbb)).toBe('ok');
    expect(bank.read(0, 4)).toBe(0xbbbb_f00d);
    expect(bank.read(4, 2)).toBe(0x1af4);
    expect(bank.write(5, 2, 0x99ee)).toBe('ok');
    expect(owner.writes).toEqual([['small', 0x1299]]);
  });

  test('a 64-bit register is written as two dwords and the handler sees whole values', () => {
    const owner = seen();
    const bank = block.instance(owner);
    bank.write(0x08, 4, 0xdead_beef);
    bank.write(0x0c, 4, 0x0000_0001);
    expect(owner.writes).toEqual([
      ['wide', 0x1122_3344_dead_beefn],
      ['wide', 0x0000_0001_dead_beefn],
    ]);
    expect(bank.read(0x08, 4)).toBe(0xdead_beef);
    expect(bank.read(0x0c, 4)).toBe(1);
  });

  test('narrow accesses inside and across the halves of a 64-bit register', () => {
    const owner = seen();
    const bank = block.instance(owner);
    expect(bank.read(0x0a, 4)).toBe(0x3344_5566);
    expect(bank.read(0x0b, 2)).toBe(0x4455);
    expect(bank.read(0x0f, 1)).toBe(0x11);
    bank.write(0x0a, 4, 0xa1a2_a3a4);
    expect(owner.wide).toBe(0x1122_a1a2_a3a4_7788n);
    bank.write(0x0f, 1, 0xff);
    expect(owner.wide).toBe(0xff22_a1a2_a3a4_7788n);
  });

  test('a kept 64-bit register', () => {
    const bank = block.instance(seen());
    bank.write(0x1a, 4, 0x8765_4321);
    expect(bank.getWide('kept_wide')).toBe(0x0000_8765_4321_0000n);
    bank.set('kept_wide', 0xffff_ffff_ffff_fff0n);
    expect(bank.read(0x1c, 4)).toBe(0xffff_ffff);
    expect(bank.read(0x18, 4)).toBe(0xffff_fff0);
  });

  test('every access equals a byte-wise model', () => {
    const model = new Uint8Array(16);
    const plain = registerBlock('plain', [
      { ...row, name: 'a', at: 0, width: 1, access: 'rw' },
      { ...row, name: 'b', at: 2, width: 2, access: 'rw' },
      { ...row, name: 'c', at: 4, width: 4, access: 'rw' },
      { ...row, name: 'd', at: 8, width: 8, access: 'rw', reset: 0n },
    ]);
    const bank = plain.instance();
    const view = new DataView(model.buffer);
    let random = 1;
    const next = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 8) % below;
    };
    for (let round = 0; round < 5000; round++) {
      const width = [1, 2, 4][next(3)] ?? 1;
      const offset = next(17 - width);
      const value = (next(65536) * 65536 + next(65536)) % 2 ** (8 * width);
      expect(bank.write(offset, width, value)).toBe(offset === 1 && width === 1 ? 'ignored' : 'ok');
      for (let i = 0; i < width; i++) {
        if (offset + i !== 1) model[offset + i] = Math.floor(value / 2 ** (8 * i)) % 256;
      }
      const at = next(13);
      expect(bank.read(at, 4)).toBe(view.getUint32(at, true));
      expect(bank.read(at, 2)).toBe(view.getUint16(at, true));
    }
  });
});

describe('access kinds', () => {
  test('ro and holes ignore writes, holes read 0', () => {
    const bank = block.instance(seen());
    expect(bank.write(4, 2, 0xffff)).toBe('ignored');
    expect(bank.read(4, 2)).toBe(0x1af4);
    expect(bank.write(0x17, 1, 0xff)).toBe('ignored');
    expect(bank.read(0x17, 1)).toBe(0);
  });

  test('rw-masked takes masked bits, also from narrow writes, and tells the whole value', () => {
    const owner = seen();
    const bank = block.instance(owner);
    bank.write(0x10, 4, 0xffff_ffff);
    expect(bank.read(0x10, 4)).toBe(0x0f1f);
    bank.write(0x11, 1, 0x03);
    expect(owner.writes).toEqual([
      ['masked', 0x0f1f],
      ['masked', 0x031f],
    ]);
  });

  test('w1c clears the masked ones of the bytes written', () => {
    const bank = block.instance(seen());
    bank.write(0x14, 1, 0xff);
    expect(bank.read(0x14, 2)).toBe(0xffff);
    bank.write(0x15, 1, 0x80);
    expect(bank.read(0x14, 2)).toBe(0x7fff);
    bank.write(0x14, 2, 0xffff);
    expect(bank.read(0x14, 2)).toBe(0x06ff);
  });

  test('rc clears when read', () => {
    const bank = block.instance(seen());
    expect(bank.write(0x16, 1, 0)).toBe('ignored');
    expect(bank.read(0x16, 1)).toBe(3);
    expect(bank.read(0x16, 1)).toBe(0);
  });

  test('a latched register is not read to complete a narrow write', () => {
    const owner = seen();
    const bank = block.instance(owner);
    bank.write(0x20, 1, 0x11);
    expect(owner.reads).toBe(0);
    expect(owner.writes).toEqual([['window', 0x11]]);
    expect(bank.read(0x20, 4)).toBe(0xaabb_ccdd);
    bank.write(0x22, 2, 0x2233);
    expect(owner.writes[1]).toEqual(['window', 0x2233_ccdd]);
  });
});

describe('instances', () => {
  test('share the table and nothing else; presets survive a reset', () => {
    const one = block.instance(seen(), { id: 0x8086 });
    const other = block.instance(seen());
    one.write(0, 4, 1);
    expect(one.read(4, 2)).toBe(0x8086);
    expect(other.read(0, 4)).toBe(0xcafe_f00d);
    expect(other.read(4, 2)).toBe(0x1af4);
    one.reset();
    expect(one.read(0, 4)).toBe(0xcafe_f00d);
    expect(one.read(4, 2)).toBe(0x8086);
  });

  test('an unknown name, a handled register and a wrong width are bugs of ours', () => {
    const bank = block.instance(seen());
    expect(() => bank.get('nope')).toThrow('no register nope');
    expect(() => bank.get('small')).toThrow('not kept');
    expect(() => bank.get('kept_wide')).toThrow('not kept');
    expect(() => bank.set('kept', 1n)).toThrow('not kept');
    expect(() => block.instance(seen(), { nope: 1 })).toThrow('no register nope');
    expect(() => block.at('nope')).toThrow('no register nope');
  });
});

describe('the table as data', () => {
  const flags = registerBlock('flags', [
    { ...row, name: 'device_status', at: 0, width: 1, access: 'rw', bits: { ACKNOWLEDGE: 0, DRIVER: 1, MODE: [4, 6] } },
    { ...row, name: 'queue_desc', at: 8, width: 8, access: 'rw', reset: 0n },
  ]);

  test('length and places', () => {
    expect(flags.length).toBe(16);
    expect(flags.at('queue_desc')).toEqual({ at: 8, width: 8 });
    expect(registerBlock('padded', [], { length: 12 }).length).toBe(12);
  });

  test('explains an access', () => {
    expect(flags.explain(0, 1, 0x33)).toBe('device_status = 0x33 (ACKNOWLEDGE DRIVER MODE=3)');
    expect(flags.explain(0, 4, 0x03)).toBe('device_status = 0x3 (ACKNOWLEDGE DRIVER)');
    expect(flags.explain(12, 4, 0xfedc_0000)).toBe('queue_desc[63:32] = 0xfedc0000');
    expect(flags.explain(4, 2, 7)).toBe('flags+0x4 = 0x7');
  });

  test('describes and renders itself', () => {
    expect(flags.describe()[1]).toEqual({
      name: 'queue_desc',
      at: 8,
      width: 8,
      access: 'rw',
      reset: 0n,
      spec,
      doc,
      bits: {},
    });
    const chosen = {
      ...row,
      name: 'one',
      at: 4,
      width: 4,
      access: 'rw-masked',
      mask: 0xf,
      selectedBy: 'which',
    } as const;
    const banked = registerBlock('banked', [{ ...row, name: 'which', at: 0, width: 4, access: 'rw' }, chosen]);
    expect(banked.describe()[1]).toMatchObject({ mask: 0xf, selectedBy: 'which' });
    expect(banked.describe()[0]?.mask).toBeUndefined();
    expect(flags.markdown()).toBe(
      [
        '| Offset | Bytes | Register | Access | Reset | Meaning | Bits | Specification |',
        '|---|---|---|---|---|---|---|---|',
        '| 0x0 | 1 | `device_status` | rw | 0x0 | A register. | 0 ACKNOWLEDGE, 1 DRIVER, 6:4 MODE | test §1 Registers |',
        '| 0x8 | 8 | `queue_desc` | rw | 0x0 | A register. |  | test §1 Registers |',
        '',
      ].join('\n'),
    );
  });
});
