import { describe, expect, test } from '@jest/globals';
import type { AccessWidth } from '../ports.ts';
import { Msix } from './msix.ts';

function msix(vectors = 2) {
  const sent: string[] = [];
  const state = { master: true };
  const unit = new Msix({
    vectors,
    barIndex: 1,
    messages: { send: (address, data) => sent.push(`${address.toString(16)}=${data.toString(16)}`) },
    maySend: () => state.master,
  });
  const control = unit.capability.bank(0x40);
  const write = (offset: number, value: number, width: AccessWidth = 4) => unit.bar.target.write(offset, width, value);
  const program = (vector: number, address: number, data: number, mask = 0) => {
    write(vector * 16, address);
    write(vector * 16 + 4, 0);
    write(vector * 16 + 8, data);
    write(vector * 16 + 12, mask);
  };
  return { unit, control, sent, state, write, program, read: (at: number) => unit.bar.target.read(at, 4) };
}

describe('MSI-X', () => {
  test('the capability describes table and pending bits', () => {
    const { control } = msix(3);
    expect(control.length).toBe(12);
    expect(control.read(0, 4)).toBe(0x0002_4011);
    expect(control.read(4, 4)).toBe(0x0000_0001);
    expect(control.read(8, 4)).toBe(0x0000_0801);
    control.write(2, 2, 0xffff);
    expect(control.read(2, 2)).toBe(0xc002);
  });

  test('the number of vectors has bounds, and the BAR grows with it', () => {
    expect(() => msix(0)).toThrow('1 to 2048');
    expect(() => msix(2049)).toThrow('1 to 2048');
    expect(msix(2).unit.bar.length).toBe(0x1000);
    expect(msix(128).unit.bar.length).toBe(0x1000);
    expect(msix(2048).unit.bar.length).toBe(0x1_0000);
    expect(msix(2048).control.read(8, 4)).toBe(0x8001);
  });

  test('vectors are masked after reset and the table is read back as written', () => {
    const { read, write } = msix();
    expect([0, 4, 8, 12].map(read)).toEqual([0, 0, 0, 1]);
    for (const at of [16, 20, 24, 28]) write(at, 0xffff_ffff);
    expect([16, 20, 24, 28].map(read)).toEqual([0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 1]);
    expect(read(0)).toBe(0);
  });

  test('an unmasked vector is sent at once, with the whole address', () => {
    const { unit, control, program, sent, write } = msix();
    control.write(2, 2, 0x8000);
    program(1, 0xfee0_1000, 0x4041);
    unit.trigger(1);
    write(20, 0x12);
    unit.trigger(1);
    expect(sent).toEqual(['fee01000=4041', '12fee01000=4041']);
  });

  test('while MSI-X is off nothing is sent, then or later', () => {
    const { unit, control, program, sent, read } = msix();
    program(0, 0xfee0_0000, 1);
    unit.trigger(0);
    expect(read(0x800)).toBe(0);
    control.write(2, 2, 0x8000);
    expect(sent).toEqual([]);
  });

  test('a masked vector is pending once and goes out at unmask with what the table says then', () => {
    const { unit, control, program, sent, read, write } = msix();
    control.write(2, 2, 0x8000);
    program(1, 0xfee0_0000, 1, 1);
    unit.trigger(1);
    unit.trigger(1);
    expect(read(0x800)).toBe(2);
    write(24, 0x99);
    write(28, 0);
    expect(sent).toEqual(['fee00000=99']);
    expect(read(0x800)).toBe(0);
    write(28, 1);
    write(28, 0);
    expect(sent).toHaveLength(1);
  });

  test('the function mask holds back all vectors, and the vector mask stays in force when it goes', () => {
    const { unit, control, program, sent, read } = msix();
    control.write(2, 2, 0xc000);
    program(0, 0xfee0_0000, 1);
    program(1, 0xfee0_0000, 2, 1);
    unit.trigger(0);
    unit.trigger(1);
    expect(read(0x800)).toBe(3);
    control.write(3, 1, 0x80);
    expect(sent).toEqual(['fee00000=1']);
    expect(read(0x800)).toBe(2);
  });

  test('without bus mastering messages are pending', () => {
    const { unit, control, program, sent, state } = msix();
    control.write(2, 2, 0x8000);
    program(0, 0xfee0_0000, 7);
    state.master = false;
    unit.trigger(0);
    expect(sent).toEqual([]);
    state.master = true;
    unit.deliverPending();
    expect(sent).toEqual(['fee00000=7']);
  });

  test('pending bits are read-only, in words of 64', () => {
    const { unit, control, read, write } = msix(70);
    control.write(2, 2, 0x8000);
    unit.trigger(0);
    unit.trigger(63);
    unit.trigger(69);
    write(0x800, 0xffff_ffff);
    expect([0x800, 0x804, 0x808, 0x80c].map(read)).toEqual([1, 0x8000_0000, 0x20, 0]);
  });

  test('reset and clearPending forget', () => {
    const { unit, control, program, sent, read } = msix();
    control.write(2, 2, 0xc000);
    program(0, 0xfee0_0000, 7);
    unit.trigger(0);
    unit.clearPending();
    control.write(2, 2, 0x8000);
    expect(sent).toEqual([]);
    unit.reset();
    expect([0, 4, 8, 12].map(read)).toEqual([0, 0, 0, 1]);
  });

  test('there is no vector beyond the table', () => {
    const { unit } = msix(2);
    expect(() => unit.trigger(2)).toThrow(RangeError);
    expect(() => unit.trigger(0xffff)).toThrow(RangeError);
  });

  test('odd accesses to the table neither throw nor tear', () => {
    const { write, read, unit } = msix();
    write(14, 0xffff_ffff);
    expect(read(12)).toBe(1);
    expect(read(16)).toBe(0x0000_fffc);
    write(9, 0xab, 1);
    expect(read(8)).toBe(0xab00);
    expect(unit.bar.target.read(0x7ff, 2)).toBe(0x00ff);
    expect(unit.bar.target.read(0xffc, 4)).toBe(0xffff_ffff);
  });
});
