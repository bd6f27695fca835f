import { describeLab } from '../test-support/describe-lab.ts';

const ADD = 'common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | bit)';

describeLab(3, {
  untouched: /^the first thing you wrote to device_status is 0x1, not 0/,
  wrong: [
    [
      'no reset',
      [
        ['common.write(COMMON.deviceStatus, 1, 0);', ''],
        ['while (common.read(COMMON.deviceStatus, 1) !== 0) await wait();', ''],
      ],
      { wrong: /^the first thing you wrote to device_status is 0x1, not 0/, next: /write 0 first/ },
    ],
    [
      'a reset not waited for',
      [
        ['while (common.read(COMMON.deviceStatus, 1) !== 0) await wait();', ''],
        [ADD, 'common.write(COMMON.deviceStatus, 1, (status |= bit))'],
        ['const addStatus', 'let status = 0; const addStatus'],
      ],
      { wrong: /^after writing 0 to device_status you did not see it read 0/, spec: /§4\.1\.4\.3\.2/ },
    ],
    [
      'bits of the status taken back',
      [[ADD, 'common.write(COMMON.deviceStatus, 1, bit)']],
      { wrong: /^you wrote 0x2 to device_status, which takes bits back/, next: /one bit more/, spec: /§2\.1\.1/ },
    ],
    [
      'DRIVER before ACKNOWLEDGE',
      [
        ['addStatus(STATUS.acknowledge);', ''],
        ['addStatus(STATUS.driver);', 'addStatus(STATUS.driver); addStatus(STATUS.acknowledge);'],
      ],
      { wrong: /^you set DRIVER before ACKNOWLEDGE/, spec: /§3\.1\.1/ },
    ],
    [
      'DRIVER_OK before FEATURES_OK',
      [['addStatus(STATUS.featuresOk);', 'addStatus(STATUS.driverOk); addStatus(STATUS.featuresOk);']],
      { wrong: /^you set DRIVER_OK before FEATURES_OK \(the device is in state driver\)/, spec: /§3\.1\.1/ },
    ],
    [
      'half of the offer read',
      [['common.write(COMMON.deviceFeatureSelect, 4, 1);', '']],
      { wrong: /^you have not read page 1 of device_feature/ },
    ],
    [
      'the second page of the choice not selected',
      [['common.write(COMMON.driverFeatureSelect, 4, 1);', '']],
      { wrong: /^you did not accept VIRTIO_F_VERSION_1/, next: /driver_feature_select 1/, spec: /§6\.1/ },
    ],
    [
      'everything accepted that is offered',
      [[' & (MOUNT_TAG | EVENT_IDX | VERSION_1)', '']],
      { wrong: /^you accepted INDIRECT_DESC, RING_PACKED, RING_RESET/, spec: /§2\.2\.1/ },
    ],
    [
      'everything accepted that is known',
      [['((high << 32n) | low) & (MOUNT', '0n * high * low + (MOUNT']],
      { wrong: /^you accepted features the device does not offer \(0x20000000\)/, about: /does not offer EVENT_IDX/ },
    ],
    [
      'features after FEATURES_OK',
      [['addStatus(STATUS.featuresOk);', 'addStatus(STATUS.featuresOk); common.write(COMMON.driverFeature, 4, 1);']],
      { wrong: /^you wrote driver_feature in state features-ok/, next: /before FEATURES_OK/ },
    ],
    [
      'FEATURES_OK not read back',
      [
        [
          "if ((common.read(COMMON.deviceStatus, 1) & STATUS.featuresOk) === 0) throw new Error('the device refuses');",
          '',
        ],
      ],
      { wrong: /^you set FEATURES_OK and did not read it back/, spec: /§3\.1\.1/ },
    ],
    [
      'DRIVER_OK as well',
      [['return features;', 'addStatus(STATUS.driverOk); return features;']],
      { wrong: /^DRIVER_OK is set already/, next: /stop at FEATURES_OK/ },
    ],
    [
      'a number for a bigint',
      [['return features;', 'return Number(features);']],
      { wrong: /^you agreed on 0x120000001 and gave 4831838209$/ },
    ],
  ],
});
