/** The configuration of the block device as a table. */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';

/** What the configuration asks of the device. */
export interface BlkOwner {
  readWriteback(): number;
  writeWriteback(value: number): void;
}

/** Most ranges of one discard or write zeroes request. */
export const MAX_RANGES = 16;
/** Most sectors of one range to discard: 2 GiB. */
export const MAX_DISCARD_SECTORS = 2 ** 22;
/** Most sectors of one range to zero: 64 MiB, since storage that cannot do it at once has to write them. */
export const MAX_ZERO_SECTORS = 2 ** 17;

const spec = 'virtio 1.2 §5.2.4 Device configuration layout';

function fact(name: string, at: number, width: 1 | 2 | 4, reset: number, doc: string): RegisterRow<BlkOwner> {
  return { name, at, width, access: 'ro', reset, spec, doc };
}

/** struct virtio_blk_config, up to the last field of a feature offered. */
export const blkConfig = registerBlock<BlkOwner>(
  'virtio_blk_config',
  [
    { name: 'capacity', at: 0, width: 8, access: 'ro', reset: 0n, spec, doc: 'Size in sectors of 512 bytes.' },
    fact('size_max', 8, 4, 0, 'Longest segment; not offered.'),
    fact('seg_max', 12, 4, 0, 'Most segments of data in a request.'),
    fact('geometry.cylinders', 16, 2, 0, 'Not offered.'),
    fact('geometry.heads', 18, 1, 0, 'Not offered.'),
    fact('geometry.sectors', 19, 1, 0, 'Not offered.'),
    fact('blk_size', 20, 4, 512, 'Bytes of a logical block.'),
    fact('topology.physical_block_exp', 24, 1, 3, 'Logical blocks of a physical one, as an exponent of 2: a page.'),
    fact('topology.alignment_offset', 25, 1, 0, 'Logical blocks before the first physical one.'),
    fact('topology.min_io_size', 26, 2, 8, 'Least I/O that is done well, in logical blocks: a page.'),
    fact('topology.opt_io_size', 28, 4, 0, 'Best I/O size in logical blocks; none is better than another.'),
    {
      name: 'writeback',
      at: 32,
      width: 1,
      access: 'rw',
      reset: 0,
      spec,
      doc: '1: a write is stable once it is flushed; 0: once it is completed.',
      read: (owner) => owner.readWriteback(),
      write: (owner, value) => owner.writeWriteback(value),
    },
    fact('num_queues', 34, 2, 0, 'Number of queues; not offered.'),
    fact('max_discard_sectors', 36, 4, MAX_DISCARD_SECTORS, 'Most sectors of a range to discard.'),
    fact('max_discard_seg', 40, 4, MAX_RANGES, 'Most ranges in a discard request.'),
    fact('discard_sector_alignment', 44, 4, 8, 'What a range to discard should be aligned to, in sectors: a page.'),
    fact('max_write_zeroes_sectors', 48, 4, MAX_ZERO_SECTORS, 'Most sectors of a range to zero.'),
    fact('max_write_zeroes_seg', 52, 4, MAX_RANGES, 'Most ranges in a write zeroes request.'),
    fact('write_zeroes_may_unmap', 56, 1, 0, '1: zeroing with the unmap flag may give storage back.'),
  ],
  { length: 60 },
);
