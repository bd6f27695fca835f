import { describeLab } from '../test-support/describe-lab.ts';

const ENABLE = 'common.write(COMMON.queueEnable, 2, 1);';
const DRIVER_OK = 'common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | DRIVER_OK);';
const DESC = 'writeAddress(COMMON.queueDesc, desc);';

describeLab(4, {
  untouched: /^queue 0 was never enabled/,
  wrong: [
    [
      'an address after queue_enable',
      [
        [DESC, ''],
        [ENABLE, `${ENABLE} ${DESC}`],
      ],
      {
        wrong: /^queue_desc was written after queue_enable \(desc at 0x20000\)/,
        next: /queue_enable last/,
        spec: /§4\.1\.4\.3\.2/,
      },
    ],
    [
      'queue_enable after DRIVER_OK',
      [
        [ENABLE, ''],
        [DRIVER_OK, `${DRIVER_OK} ${ENABLE}`],
      ],
      { wrong: /^you enabled queue 0 after DRIVER_OK/, next: /DRIVER_OK is the last step/ },
    ],
    ['no queue_enable', [[ENABLE, '']], { wrong: /^queue 0 was never enabled/ }],
    ['no DRIVER_OK', [[DRIVER_OK, '']], { wrong: /^the queue is enabled, but the device does not run/ }],
    [
      'memory not cleared',
      [['ram.setUint8(at, 0)', 'ram.getUint8(at)']],
      { wrong: /the available index is ahead by more than the queue size/, next: /RAM is not zero by itself/ },
    ],
    [
      'queue_size not written',
      [['common.write(COMMON.queueSize, 2, size);', '']],
      {
        wrong: /^the descriptor table of 128 entries ends at 0x20800 and the available ring begins at 0x20080/,
        next: /queue_size/,
      },
    ],
    [
      'areas too close',
      [['roundUp(desc + 16 * size, 2)', 'roundUp(desc + 8 * size, 2)']],
      {
        wrong: /^the descriptor table of 8 entries ends at 0x20080 and the available ring begins at 0x20040/,
        spec: /§2\.7/,
      },
    ],
    [
      'no alignment',
      [['roundUp(free.base, 16)', 'free.base']],
      { wrong: /a part of the queue is not aligned.*descriptor table at 0x4345b/, next: /to 16/, about: /odd address/ },
    ],
    [
      'an area not written',
      [['writeAddress(COMMON.queueDevice, device);', '']],
      { wrong: /^the used ring is from 0x0 to 0x46, which is not yours: queue_device was not written$/ },
    ],
    [
      'a size that is no power of two',
      [['const SIZE = 8;', 'const SIZE = 6;']],
      { wrong: /the queue size is not a power of two/, next: /2, 4, 8/ },
    ],
    [
      'the address in the upper half',
      [
        ['common.write(register, 4, address % 2 ** 32)', 'common.write(register + 4, 4, address)'],
        ['common.write(register + 4, 4, Math.floor(address / 2 ** 32))', 'common.write(register, 4, 0)'],
      ],
      { wrong: /a part of the queue is not in RAM/, next: /guest physical/ },
    ],
    [
      'another queue',
      [['common.write(COMMON.queueSelect, 2, 0)', 'common.write(COMMON.queueSelect, 2, 1)']],
      { wrong: /^you chose queue 1/ },
    ],
    [
      'an answer that is another',
      [['return { size, desc, driver, device }', 'return { size, desc, driver: device, device: driver }']],
      { wrong: /^you told the device that queue_driver is 0x20080, and gave/ },
    ],
  ],
});
