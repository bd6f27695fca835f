import { describeLab } from '../test-support/describe-lab.ts';

const QUIET = 'ram.setUint16(usedEvent(device), 4, true);';
const ONCE = 'ram.setUint16(usedEvent(device), 7, true);';

describeLab(7, {
  untouched: /^queue 0 has no vector: queue_msix_vector reads 0xffff$/,
  wrong: [
    [
      'MSI-X left off',
      [['control | MSIX_ENABLE', 'control']],
      { wrong: /^message control is 0x1: MSI-X is off$/, next: /bit 15/ },
    ],
    [
      'a vector that does not exist',
      [
        ['const VECTOR = 1;', 'const VECTOR = 3;'],
        ["throw new Error('the device has no such vector')", 'void 0'],
      ],
      { wrong: /you wrote 3, and the device has vectors 0 and 1$/, spec: /§4\.1\.5\.1\.2/ },
    ],
    [
      'an entry that is masked',
      [['msixTable.write(entry + ENTRY.control, 4, 0);', '']],
      { wrong: /^entry 1 of the MSI-X table, that of queue 0, is masked/, next: /vector control, at 28/ },
    ],
    [
      'the entry of another vector',
      [['const entry = ENTRY.length * VECTOR;', 'const entry = ENTRY.length * 0;']],
      { wrong: /^entry 1 of the MSI-X table, that of queue 0, sends to 0x0/, next: /at 16/ },
    ],
    [
      'used_event left at 0',
      [[QUIET, '']],
      { wrong: /^the device interrupted you once in the quiet half: used_event is 0/, next: /the four do not reach/ },
    ],
    [
      'flags where EVENT_IDX is agreed on',
      [[QUIET, 'ram.setUint16(queue.driver, 1, true);']],
      { wrong: /it does not look at flags of the available ring$/, spec: /§2\.7\.7\.1/ },
    ],
    [
      'used_event in the wrong place',
      [['queue.driver + AVAIL.ring + 2 * queue.size', 'queue.driver + 2 * queue.size']],
      { wrong: /^the device interrupted you once in the quiet half: used_event is 0/ },
    ],
    [
      'an interrupt after the first of four',
      [[ONCE, 'ram.setUint16(usedEvent(device), 4, true);']],
      { wrong: /^the interrupt came when 5 of 8 requests were done; used_event is 4$/, next: /entry 7/ },
    ],
    [
      'an interrupt after a ninth',
      [[ONCE, 'ram.setUint16(usedEvent(device), 8, true);']],
      { wrong: /^no interrupt came: the device filled entries 4 to 7 of the used ring, and used_event is 8$/ },
    ],
    [
      'only the entries published that are quiet',
      [
        ['ram.setUint16(queue.driver + AVAIL.idx, 4, true);', 'ram.setUint16(queue.driver + AVAIL.idx, 3, true);'],
        ['USED.idx, true) < 4', 'USED.idx, true) < 3'],
      ],
      { wrong: /^idx of the available ring is 3 and that of the used ring 3; both should be 4 now$/ },
    ],
    ['no DRIVER_OK', [[' | DRIVER_OK);', ');']], { wrong: /^queue 0 did not come to life$/ }],
  ],
});
