import { describeLab } from '../test-support/describe-lab.ts';

describeLab(8, {
  untouched: /^the device took the chain and found nothing wrong with it: descriptor 0, 64 bytes/,
  wrong: [
    [
      'a loop that ends',
      [
        [
          'describe(device, 1, device.free.base + 64, 64, FLAG.next, 0);',
          'describe(device, 1, device.free.base + 64, 64, 0, 0);',
        ],
      ],
      { wrong: /^the device objects to something else: .* a reply area of 0 bytes/, next: /lead back to the first/ },
    ],
    [
      'a loop through a writable descriptor',
      [
        [
          'describe(device, 1, device.free.base + 64, 64, FLAG.next, 0);',
          'describe(device, 1, device.free.base + 64, 64, FLAG.next | FLAG.write, 0);',
        ],
      ],
      {
        wrong: /^the device objects to something else: .*device-readable descriptor follows/,
        next: /longer than the queue size, or loops/,
      },
    ],
    [
      'the last bytes of RAM',
      [['device.ram.byteLength, 64', 'device.ram.byteLength - 64, 64']],
      {
        wrong: /^the device took the chain and found nothing wrong with it: descriptor 0, 64 bytes at 0xfffc0/,
        next: /RAM ends at ram\.byteLength/,
      },
    ],
    [
      'readable before writable',
      [['64, FLAG.write | FLAG.next, 1)', '64, FLAG.next, 1)']],
      { wrong: /^the device objects to something else: .* a reply area of 0 bytes/, next: /WRITE and NEXT/ },
    ],
    [
      'an index that is not too far ahead',
      [['offer(device, device.queue.size + 1)', 'offer(device, 1)']],
      { wrong: /^the device took the chain and found nothing wrong/, next: /more than the queue has entries/ },
    ],
    ['no kick', [['ring(0);', '']], { wrong: /^you have not rung/ }],
    [
      'no reset',
      [['common.write(DEVICE_STATUS, 1, 0);', 'return true;']],
      {
        wrong: /^device_status is 0x4f \(.*DEVICE_NEEDS_RESET\): the device was not reset$/,
        about: /recover\(\) after loop\(\)/,
      },
    ],
    [
      'a reset of a device that is well',
      [['=== 0) return false;', '=== 0x100) return false;']],
      { wrong: /^recover reset a device that needed none$/, about: /device that is well/ },
    ],
    [
      'an answer that is none',
      [['    return true;', '    return false;']],
      { wrong: /^recover gave false after it reset the device$/ },
    ],
  ],
});
