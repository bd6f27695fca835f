import { expect, test } from '@jest/globals';
import type { VirtualMachineConfig } from './config.ts';
import { ownConsole, shellDevice } from './own-console.ts';

const ROOT = { readonly: true };
const CONSOLE = { kind: 'console' } as const;

const CASES: readonly (readonly [
  string,
  VirtualMachineConfig,
  Partial<{ readonly: boolean; init: string }> | undefined,
  boolean,
])[] = [
  ['a shell on our own kernel', { session: 'shell' }, ROOT, true],
  ['commands, which have streams of their own', {}, ROOT, false],
  ['a kernel of the user’s own, which may lack the driver', { session: 'shell', kernel: 'bzImage' }, ROOT, false],
  ['the same, where it is asked for', { session: 'shell', kernel: 'bzImage', console: 'virtio' }, ROOT, true],
  ['a shell on the serial port by choice', { session: 'shell', console: 'serial' }, ROOT, false],
  ['an init of the user’s own', { session: 'shell' }, { init: '/sbin/init' }, false],
  ['an initrd or a disk to boot from', { session: 'shell' }, undefined, false],
  ['a console device that is there already', { session: 'shell', devices: [CONSOLE] }, ROOT, false],
];

test.each(CASES)('%s', (_, config, root, given) => {
  expect(ownConsole(config, root)).toEqual(given ? CONSOLE : undefined);
});

test('the shell is on the console device, whoever asked for it', () => {
  expect(shellDevice({}, CONSOLE)).toBe('hvc0');
  expect(shellDevice({ devices: [CONSOLE] }, undefined)).toBe('hvc0');
  expect(shellDevice({}, undefined)).toBeUndefined();
});
