/** Random operations for differential runs. Not part of the product. */
import fc from 'fast-check';
import { type Operation, SLOTS } from './differential-operations.ts';

/** Whether this process may give files away. */
export const privileged = process.geteuid?.() === 0;

/** Names of one character for each byte; one is not UTF-8. Few, so that operations meet. */
const name = fc.constantFrom('a', 'a', 'b', 'b', 'c', '\xff\xfe');
const path = fc.array(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('.', '..') }), {
  maxLength: 3,
});
const slot = fc.nat(SLOTS - 1);
/** Who attaches to both sides. */
export const users = privileged ? [0, 1000] : [process.geteuid?.() ?? 0];
const user = privileged ? fc.constantFrom(0, 0, 1) : fc.constant(0);
const gid = privileged ? fc.constantFrom(0, 100, 1000) : fc.constant(process.getegid?.() ?? 0);
/** An unprivileged server must be able to go on with what it made. */
const minimum = privileged ? 0 : 0o700;
const mode = fc
  .constantFrom(0o644, 0o755, 0o700, 0o600, 0o2755, 0o4755, 0o6755, 0o2644, 0o1777, 0o4711)
  .map((bits) => bits | minimum);
const openFlags = fc.constantFrom(0, 0, 1, 2, 2, 2, 0o1000, 0o1002, 0o2001, 0o200000, 3);
const createFlags = fc.constantFrom(0, 1, 2, 2, 2, 0o202, 0o1002, 0o2002);
const offset = fc.constantFrom(0n, 0n, 1n, 5n, 100n, 4090n, 4096n, 8191n, 10_000n, 1n << 33n);
const count = fc.constantFrom(0, 1, 7, 100, 4096, 5000);
const size = fc.constantFrom(0n, 3n, 100n, 4095n, 4096n, 4097n, 9000n, 1n << 34n);
const time = fc.constantFrom<'now' | readonly [bigint, bigint]>('now', [0n, 0n], [77n, 999_999_999n], [-5n, 3n]);
const id = fc.constantFrom(0, 1000, 1001, 0xffff_ffff);
const lockAt = fc.constantFrom(0n, 1n, 5n, 6n, 10n, (1n << 62n) - 1n);
const lockLength = fc.constantFrom(0n, 1n, 4n, 5n, 10n);
const acls = [
  '02000000' + '01000600ffffffff' + '02000400e8030000' + '04000400ffffffff' + '10000600ffffffff' + '20000000ffffffff',
  '02000000' + '01000700ffffffff' + '04000500ffffffff' + '20000500ffffffff',
  '02000000' + '01000700ffffffff' + '04000500ffffffff' + '10000100ffffffff' + '20000500ffffffff',
  '02000000' + '01000700ffffffff' + '02000400e8030000' + '04000400ffffffff' + '20000000ffffffff',
  '02000000' + '04000500ffffffff' + '01000700ffffffff' + '20000500ffffffff',
  '02000000' + '01000800ffffffff' + '04000500ffffffff' + '20000500ffffffff',
  '02000000',
  '01000000' + '01000700ffffffff' + '04000500ffffffff' + '20000500ffffffff',
  '0200',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
const capability = Uint8Array.from(Buffer.from('0100000200040000000000000000000000000000', 'hex'));
const values = fc.constantFrom(
  ...['', 'x', 'value', 'y'.repeat(300)].map((text) => Uint8Array.from(Buffer.from(text))),
);
const attribute = fc.constantFrom('user.a', 'user.a', 'user.b', 'user.', 'nonsense');

const change = fc.record(
  { size, mode, atime: time, mtime: time, ...(privileged ? { uid: id, gid: id } : {}) },
  { requiredKeys: [] },
);

function setxattr(attribute: fc.Arbitrary<string>, value: fc.Arbitrary<Uint8Array>, flags: fc.Arbitrary<number>) {
  return fc.record({ do: fc.constant('setxattr' as const), slot, attribute, value, flags });
}

/** Any operation, with values for which the privileges of this process suffice. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('walk' as const), into: slot, user, path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('clone' as const, 'up' as const), slot, into: slot }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('open' as const), slot, into: slot, flags: openFlags }) },
  {
    weight: 8,
    arbitrary: fc
      .record({ do: fc.constant('create' as const), slot, into: slot, name, flags: createFlags, mode, gid })
      // A new file keeps its setuid, which a truncated one loses: the host's driver does not tell them apart.
      .map((create) => ((create.flags & 0o1000) === 0 ? create : { ...create, mode: create.mode & 0o1777 })),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), slot, offset, count }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      slot,
      offset,
      count,
      fill: fc.integer({ min: 1, max: 255 }),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('setattr' as const), slot, change }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('mkdir' as const), slot, name, mode, gid }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mknod' as const),
      slot,
      name,
      mode: fc.constantFrom(0o010600, 0o140600, 0o100600, 0o600, 0o040700, ...(privileged ? [0o020600, 0o060600] : [])),
      major: fc.constantFrom(0, 1, 0xfff, 0x1000),
      minor: fc.constantFrom(0, 3, 0xf_ffff, 0x10_0000),
      gid,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('symlink' as const),
      slot,
      name,
      target: fc.constantFrom('a', '../x', '\xff', 't'.repeat(100), 't'.repeat(4095)),
      gid,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('link' as const), slot, name, target: slot }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('move' as const), slot, name, to: slot, newName: name }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('moveSelf' as const), slot, to: slot, newName: name }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('unlink' as const), slot, name, flags: fc.constantFrom(0, 0x200) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'readlink' as const), slot }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('readdir' as const, 'list' as const), slot }) },
  { weight: 3, arbitrary: setxattr(attribute, values, fc.constantFrom(0, 0, 1, 2, 3)) },
  ...(privileged
    ? [
        {
          weight: 4,
          arbitrary: setxattr(
            fc.constantFrom('system.posix_acl_access', 'system.posix_acl_default'),
            fc.constantFrom(new Uint8Array(0), ...acls),
            fc.constantFrom(0, 0, 1, 2),
          ),
        },
        {
          weight: 1,
          arbitrary: setxattr(fc.constant('security.capability'), fc.constant(capability), fc.constantFrom(0)),
        },
      ]
    : []),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('getxattr' as const), slot, attribute }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('lock' as const, 'lock' as const, 'getlock' as const),
      slot,
      type: fc.constantFrom(0, 0, 1, 1, 2),
      start: lockAt,
      length: lockLength,
      process: fc.constantFrom(1, 2, 3),
    }),
  },
);
