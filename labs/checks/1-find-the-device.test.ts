import { describeLab } from '../test-support/describe-lab.ts';

describeLab(1, {
  untouched: /^you have looked at 1 of the 32 slots/,
  wrong: [
    [
      'an address without its enable bit',
      [['4, ENABLE + slot', '4, slot']],
      { wrong: /bit 31 is clear, so CONFIG_DATA reaches nobody$/, next: /add 0x80000000/ },
    ],
    [
      'an address written as 16 bits',
      [['(CONFIG_ADDRESS, 4,', '(CONFIG_ADDRESS, 2,']],
      { wrong: /^you wrote 2 bytes to CONFIG_ADDRESS/, next: /width 4/ },
    ],
    [
      'the first virtio function taken for the one',
      [['P9_DEVICES.includes(read(slot, number, HEADER.deviceId, 2))', 'found === -1']],
      { wrong: /not in slot 2: there is 0x1af4:0x1044, a virtio entropy source$/, next: /0x1040 \+ 9/ },
    ],
    [
      'a transitional function not known',
      [['[0x1049, 0x1009]', '[0x1049]']],
      { wrong: /not in slot -1: nobody is there$/, next: /0x1009, which a transitional/, about: /transitional/ },
    ],
    [
      'functions beyond the first not counted',
      [['=== 0 ? 1 : 8', '=== 0 ? 1 : 1']],
      {
        wrong: /^you counted 3 functions, there are 4: slot 5 has a function 3 as well$/,
        next: /bit 7 of header_type/,
        spec: /§6\.2\.1 Device Identification/,
      },
    ],
    [
      'bus mastering left off',
      [[' | BUS_MASTER);', ');']],
      { wrong: /lacks BUS_MASTER \(bit 2\)/, next: /set both bits/, spec: /§6\.2\.2 Device Control/ },
    ],
    [
      'the command of another function written',
      [['select(found, 0, HEADER.command), 2', 'select(0, 0, HEADER.command), 2']],
      { wrong: /^you wrote the command register of slot 0; the device is in slot 3$/, next: /choose the function/ },
    ],
    [
      'a slot known beforehand',
      [['return { slot: found,', 'return { slot: 3,']],
      { wrong: /not in slot 3: nobody is there/, about: /slot 19/ },
    ],
  ],
});
