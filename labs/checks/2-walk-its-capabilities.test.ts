import { describeLab } from '../test-support/describe-lab.ts';

describeLab(2, {
  untouched: /^you have looked at 0 of 6 capabilities$/,
  wrong: [
    [
      'the list begun at a place known beforehand',
      [['let at = config.read(HEADER.capabilitiesPointer, 1)', 'let at = 0x98']],
      { wrong: /^you have not read the capabilities pointer$/, next: /0x34/, spec: /§6\.7 Capabilities List/ },
    ],
    [
      'the offset in the BAR taken for the address',
      [['barAddress(config.read(at + CAPABILITY.bar, 1)) + config', 'config']],
      { wrong: /^device is not at 0x2000: that is where it is in BAR 4$/, next: /register at 0x20/ },
    ],
    [
      'the flags of the BAR left in the address',
      [['(low - (low % 16))', 'low']],
      { wrong: /^device is not at 0xe000200c: that is 0xc too much$/, next: /low four bits/ },
    ],
    [
      'an address joined with |',
      [['return high * 2 ** 32 + (low - (low % 16));', 'return (high << 32) | (low & ~15);']],
      { wrong: /^device is not at -0x1fffe000, which is negative$/, next: />>> 0/ },
    ],
    [
      'the upper half of the BAR left out',
      [['return high * 2 ** 32 + (low', 'return high * 0 + (low']],
      { wrong: /those are the low 32 bits of where it is$/, next: /64 bits wide/, about: /above 4 GiB/ },
    ],
    [
      'isr and notify the wrong way round',
      [['notify: 2, isr: 3', 'notify: 3, isr: 2']],
      { wrong: /^notify is not at 0xe0001000: that is isr$/, next: /cfg_type is 1 for common/ },
    ],
    [
      'the multiplier of another capability',
      [['capability(CFG_TYPE.notify) + CAPABILITY.notifyMultiplier', 'capability(CFG_TYPE.notify)']],
      { wrong: /^notify_off_multiplier is \d+, not \d+$/, spec: /§4\.1\.4\.4 Notification structure layout/ },
    ],
    [
      'the length read as part of the tag',
      [['device + 2 + index', 'device + index']],
      { wrong: /^the mount tag is 'host', not/, next: /2 bytes, little-endian/ },
    ],
    [
      'a tag known beforehand',
      [['mountTag: String.fromCharCode(...tag)', "mountTag: tag.length > 0 ? 'host' : ''"]],
      { wrong: /^the mount tag is 'src-tree', not 'host'$/ },
    ],
  ],
});
