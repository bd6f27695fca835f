import { expect, test } from '@jest/globals';
import type { Attributes, Node } from '../../backend.ts';
import { Gate, stubNode } from '../../contract/stubs.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import { InodeTable } from './inode-table.ts';
import { Ledger } from './ledger.ts';

const UNIT = 8n;

/** A node that says it takes so many units of 4096 bytes. */
const taking = (units: bigint): Node => stubNode({ getattr: () => ({ blocks: units * UNIT }) as Attributes });

function table() {
  const ledger = new Ledger({});
  return { ledger, inodes: new InodeTable(ledger) };
}

test('a file system that changes its mind about blocks while nobody holds a file cannot make the account drift', () => {
  const { ledger, inodes } = table();
  for (let times = 0; times < 10; times++) {
    const made = inodes.hold(5n);
    inodes.chargeNew(made, taking(1n), 0);
    inodes.letGo(made);
    const again = inodes.hold(5n);
    inodes.know(again, taking(3n));
    again.gone = true;
    inodes.letGo(again);
  }
  expect(ledger).toMatchObject({ bytes: 0, inodes: 0 });
});

test('a look that is older than one already taken into account changes nothing', async () => {
  const { ledger, inodes } = table();
  const inode = inodes.hold(5n);
  const slow = new Gate<Attributes>();
  const first = inodes.charge(inode, stubNode({ getattr: () => slow.promise }));
  await inodes.charge(inode, taking(9n));
  slow.resolve({ blocks: 2n * UNIT } as Attributes);
  await first;
  expect(ledger.bytes).toBe(9 * 4096);
});

test('what cannot be looked at is charged what was reserved', () => {
  const { ledger, inodes } = table();
  const inode = inodes.hold(5n);
  const blind = stubNode({
    getattr() {
      throw errnoOf(ERRNO.EIO);
    },
  });
  inodes.chargeNew(inode, blind, 4096);
  expect(ledger).toMatchObject({ bytes: 4096, inodes: 1 });
});
