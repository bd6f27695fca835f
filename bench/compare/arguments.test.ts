import { describe, expect, test } from '@jest/globals';
import { readArguments } from './arguments.ts';
import { USUAL_OPERATIONS } from './operations.ts';

describe('the arguments of the bench', () => {
  test('without any, everything is measured five times on one machine', () => {
    const options = readArguments([]);
    expect(options).toMatchObject({ runs: 5, ms: 500, warm: 1000, boot: true, accel: 'auto', variants: ['poll-us=0'] });
    expect(options?.operations.map(({ name }) => name)).toEqual(USUAL_OPERATIONS);
    expect(options?.setups).toEqual([{ ram: 256, devices: 1, fids: 0 }]);
    expect(options?.qemu).toBe('qemu-system-x86_64');
  });

  test('--only leaves out what it does not name', () => {
    const options = readArguments(['--only', 'read-4k:2,boot', '--qemu', 'none', '--json', 'a', '--chart', 'b']);
    expect(options).toMatchObject({ boot: true, qemu: undefined, json: 'a', chart: 'b' });
    expect(options?.operations.map(({ name }) => name)).toEqual(['read-4k:2']);
    expect(readArguments(['--only', 'getattr'])).toMatchObject({ boot: false });
  });

  test('each more of a list is a machine that differs from the first in one thing', () => {
    const options = readArguments(['--ram', '128,8G', '--devices', '1,4,16', '--fids', '0,100000']);
    expect(options?.setups).toEqual([
      { ram: 128, devices: 1, fids: 0 },
      { ram: 8192, devices: 1, fids: 0 },
      { ram: 128, devices: 4, fids: 0 },
      { ram: 128, devices: 16, fids: 0 },
      { ram: 128, devices: 1, fids: 100000 },
    ]);
  });

  test('variants are told in place of the usual one', () => {
    expect(readArguments(['--variant', 'poll-us=50,packed=on', '--variant', 'poll-us=1'])?.variants).toEqual([
      'poll-us=50,packed=on',
      'poll-us=1',
    ]);
    expect(readArguments(['--variant', 'none'])?.variants).toEqual([]);
  });

  test('help is nothing to be done', () => {
    expect(readArguments(['--help', '--runs', 'x'])).toBeUndefined();
  });

  test.each([
    [['--runs', '0'], "--runs has '0'; give a whole number from 1 to 1000"],
    [['--ms', '1.5'], "--ms has '1.5'"],
    [['--ram', '63'], "--ram has '63'"],
    [['--ram', '64G'], "--ram has '64G'"],
    [['--ram', '1T'], "--ram has '1T'"],
    [['--devices', '17'], "--devices has '17'; give a whole number from 1 to 16"],
    [['--fids', '1,,2'], "--fids is '1,,2', with an item that is empty"],
    [['--only', 'getattr,getattr'], "--only has 'getattr' twice"],
    [['--only', 'fly'], "'fly' is no operation"],
    [['--accel', 'software'], "--accel is 'software'; give kvm, qtest or tcg"],
    [['--accel', 'tcg', '--qemu', 'none'], '--accel tcg is QEMU alone'],
    [['--variant', 'poll'], "--variant is 'poll'"],
    [['--what'], "Unknown option '--what'"],
    [['getattr'], 'Unexpected argument'],
  ])('%j is refused in one line', (args, why) => {
    expect(() => readArguments(args)).toThrow(why);
  });
});
