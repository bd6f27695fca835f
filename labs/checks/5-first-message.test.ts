import { describeLab } from '../test-support/describe-lab.ts';

const ENTRY = 'ram.setUint16(queue.driver + AVAIL.ring + 2 * (available % queue.size), 0, true);';
const IDX = 'ram.setUint16(queue.driver + AVAIL.idx, available + 1, true);';
const RING = 'ring(0);';
const WAIT = 'while (ram.getUint16(queue.device + USED.idx, true) === used) await wait();';

describeLab(5, {
  untouched: /^you rang, but did not move idx of the available ring/,
  wrong: [
    [
      'no room for the reply',
      [['describe(0, request, size, FLAG.next, 1)', 'describe(0, request, size, 0, 0)']],
      {
        wrong: /^no descriptor of the chain is writable by the device: the reply has nowhere to go/,
        next: /descriptor 0, which lacks the NEXT flag/,
        spec: /§2\.7\.5/,
      },
    ],
    [
      'a reply that is not writable',
      [['describe(1, reply, MSIZE, FLAG.write, 0)', 'describe(1, reply, MSIZE, 0, 0)']],
      {
        wrong: /the reply has nowhere to go.*descriptor 1: 8192 bytes at 0x20100, flags 0/,
        next: /descriptor 1 the WRITE flag/,
      },
    ],
    [
      'a request that is writable',
      [['describe(0, request, size, FLAG.next, 1)', 'describe(0, request, size, FLAG.next | FLAG.write, 1)']],
      { wrong: /^descriptor 0 is for the device to write, so there is no request/ },
    ],
    ['no kick', [[RING, '']], { wrong: /^you have not rung/, spec: /§4\.1\.5\.2/ }],
    [
      'a kick too early',
      [
        [RING, ''],
        [ENTRY, `${RING} ${ENTRY}`],
      ],
      { wrong: /^you rang before you moved idx/, next: /ring last/ },
    ],
    [
      'the index before the entry',
      [
        [ENTRY, ''],
        [IDX, `${IDX} ${ENTRY}`],
      ],
      { wrong: /^you moved idx of the available ring before its entry was written/, spec: /§2\.7\.13\.3/ },
    ],
    [
      'an index that begins at 0 again',
      [[IDX, 'ram.setUint16(queue.driver + AVAIL.idx, 1, true);']],
      { wrong: /the available index is ahead by more than the queue size/, about: /nine messages before/ },
    ],
    [
      'always the first entry',
      [['AVAIL.ring + 2 * (available % queue.size)', 'AVAIL.ring']],
      {
        wrong: /^you wrote the head to ring\[0\]; idx was 9, so the device looks at ring\[1\] \(9 % 8\)$/,
        about: /nine messages before/,
      },
    ],
    [
      'big-endian',
      [
        [
          'ram.setUint16(queue.driver + AVAIL.idx, available + 1, true)',
          'ram.setUint16(queue.driver + AVAIL.idx, available + 1)',
        ],
      ],
      {
        wrong: /^idx of the available ring was written as 0x100: its bytes are the wrong way round$/,
        next: /little-endian/,
      },
    ],
    [
      'the wrong doorbell',
      [[RING, 'ring(1);']],
      { wrong: /^you rang with 1: a doorbell takes the number of its queue$/ },
    ],
    [
      'another type of message',
      [['const TVERSION = 100;', 'const TVERSION = 101;']],
      { wrong: /^the server took your message for/, next: /Tversion is 100/ },
    ],
    [
      'a version nobody speaks',
      [["const VERSION = '9P2000.L';", "const VERSION = '9P3000.L';"]],
      { wrong: /^you asked for version '9P3000\.L', and the server answered 'unknown'$/ },
    ],
    [
      'a size that is too small',
      [['ram.setUint32(request, size, true)', 'ram.setUint32(request, size - 1, true)']],
      {
        wrong: /^the server took your message for Tversion NOTAG: malformed/,
        next: /size\[4\] is of the whole message/,
      },
    ],
    [
      'a reply read before it is there',
      [[WAIT, '']],
      { wrong: /^the server answered Rversion.*; you gave msize/, next: /wait for that/ },
    ],
  ],
});
