import { describe, expect, test } from '@jest/globals';
import { featureObjection, featurePage, withFeaturePage } from './features.ts';
import { DeviceStatus, STATUS_TRANSITIONS } from './status.ts';

function device() {
  const log: string[] = [];
  const state: { objection?: string | undefined; drain?: Promise<void> | undefined; held?: Promise<void> } = {};
  const status = new DeviceStatus({
    featuresObjection: () => state.objection,
    driverOk: () => log.push('driver ok'),
    reset: () => {
      log.push('reset');
      return state.drain;
    },
    resetFailed: (error) => log.push(`reset failed: ${error}`),
    hold: (until) => {
      state.held = until;
    },
    refused: (why) => log.push(why),
  });
  const write = (...values: number[]) => {
    for (const value of values) status.write(value);
    return status.value;
  };
  return { status, log, state, write };
}

describe('device status: what a driver may not do', () => {
  test.each([
    ['DRIVER before ACKNOWLEDGE', [0x02], 0x00],
    ['FEATURES_OK before DRIVER', [0x01, 0x09], 0x01],
    ['DRIVER_OK before FEATURES_OK', [0x01, 0x03, 0x07], 0x03],
    ['DRIVER_OK at once', [0x04], 0x00],
    ['clearing a bit', [0x01, 0x03, 0x02], 0x03],
    ['clearing all but one', [0x01, 0x03, 0x0b, 0x01], 0x0b],
    ['DRIVER after FAILED', [0x01, 0x81, 0x83], 0x81],
  ])('%s', (_what, writes, value) => {
    const { write, log } = device();
    expect(write(...writes)).toBe(value);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^device_status 0x[0-9a-f]+ refused: /);
  });

  test("the device's bit and reserved bits", () => {
    const { write, log } = device();
    expect(write(0x40)).toBe(0);
    expect(write(0x31)).toBe(1);
    expect(log).toEqual([
      "device_status 0x40 refused: bits 0x40 are not the driver's to set",
      "device_status 0x31 refused: bits 0x30 are not the driver's to set",
    ]);
  });

  test('features that are objected to: FEATURES_OK reads back clear, and DRIVER_OK with it is refused', () => {
    const { write, log, state } = device();
    state.objection = 'no';
    expect(write(0x01, 0x03, 0x0b)).toBe(0x03);
    expect(write(0x0f)).toBe(0x03);
    expect(log).not.toContain('driver ok');
    state.objection = undefined;
    expect(write(0x0b, 0x0f)).toBe(0x0f);
  });
});

describe('device status: life', () => {
  test('the sequence of the specification', () => {
    const { write, log, status } = device();
    expect(write(0x00, 0x01, 0x03, 0x0b)).toBe(0x0b);
    expect(status.state).toBe('features-ok');
    expect(write(0x0f)).toBe(0x0f);
    expect(status.state).toBe('running');
    expect(log).toEqual(['reset', 'driver ok']);
  });

  test('several bits in one write are taken in their order', () => {
    const { write, log } = device();
    expect(write(0x0b)).toBe(0x0b);
    expect(write(0x0f)).toBe(0x0f);
    expect(log).toEqual(['driver ok']);
  });

  test('writing what is there changes nothing', () => {
    const { write, log } = device();
    expect(write(0x0f, 0x0f, 0x0f)).toBe(0x0f);
    expect(log).toEqual(['driver ok']);
  });

  test('FAILED is accepted from every state but resetting, and only a reset leads out', () => {
    for (const [state, moves] of Object.entries(STATUS_TRANSITIONS)) {
      expect(moves.FAILED).toBe(state === 'failed' || state === 'resetting' ? undefined : 'failed');
    }
    const { write, status } = device();
    expect(write(0x0f, 0x8f)).toBe(0x8f);
    expect(status.state).toBe('failed');
    expect(write(0)).toBe(0);
  });

  test('needs-reset is told once, survives writes without its bit, and a driver that has not noticed may finish', () => {
    const { write, log, status } = device();
    write(0x0b);
    expect(status.needsReset()).toBe(true);
    expect(status.needsReset()).toBe(false);
    expect(status.value).toBe(0x4b);
    expect(write(0x0f)).toBe(0x4f);
    expect(status.state).toBe('needs-reset');
    expect(log).toEqual(['driver ok']);
    expect(write(0)).toBe(0);
  });

  test('a reset under way shows the old value, refuses everything and ends with 0', async () => {
    const { write, log, state, status } = device();
    write(0x0f);
    let drained = () => {};
    state.drain = new Promise((resolve) => {
      drained = () => resolve();
    });
    expect(write(0)).toBe(0x0f);
    expect(write(0)).toBe(0x0f);
    expect(write(0x8f)).toBe(0x0f);
    expect(status.needsReset()).toBe(false);
    expect(log.filter((line) => line === 'reset')).toHaveLength(1);
    drained();
    await state.drain;
    await Promise.resolve();
    expect(status.value).toBe(0);
    expect(write(0x01)).toBe(0x01);
  });

  test('a reset that fails leaves a device that needs one, and the next may succeed', async () => {
    const { write, log, state, status } = device();
    write(0x0f);
    state.drain = Promise.reject(new Error('stuck'));
    expect(write(0)).toBe(0x0f);
    await expect(state.drain).rejects.toThrow('stuck');
    await Promise.resolve();
    expect(log).toEqual(['driver ok', 'reset', 'reset failed: Error: stuck']);
    expect([status.state, status.value]).toEqual(['needs-reset', 0x0f]);
    expect(status.needsReset()).toBe(true);
    expect(status.value).toBe(0x4f);
    state.drain = Promise.resolve();
    write(0);
    await Promise.resolve();
    await Promise.resolve();
    expect([status.state, status.value]).toEqual(['reset', 0]);
  });
});

describe('feature bits', () => {
  test('pages of 32 bits', () => {
    const features = 0x0000_0001_3000_0001n;
    expect([0, 1, 2, 0xffff_ffff].map((select) => featurePage(features, select))).toEqual([0x3000_0001, 1, 0, 0]);
    expect(withFeaturePage(features, 0, 0xffff_ffff)).toBe(0x0000_0001_ffff_ffffn);
    expect(withFeaturePage(features, 1, 0)).toBe(0x3000_0001n);
    expect(withFeaturePage(features, 2, 5)).toBe(features);
  });

  test('objections', () => {
    const offered = 0x0000_0001_3000_0001n;
    expect(featureObjection(offered, offered)).toBeUndefined();
    expect(featureObjection(offered, 1n << 32n)).toBeUndefined();
    expect(featureObjection(offered, 0x3000_0001n)).toBe('the driver did not accept VIRTIO_F_VERSION_1');
    expect(featureObjection(offered, (1n << 32n) | 2n)).toBe(
      'the driver accepted feature bits that are not offered: 0x2',
    );
    expect(featureObjection(offered, 1n << 34n)).toMatch('0x400000000');
  });
});

describe('a reset with requests in flight', () => {
  test.each([
    ['legacy', 0x07],
    ['memory', 0x0f],
  ] as const)('by the %s interface is complete when the write is, so the CPU is held until it is', (by, running) => {
    const { status, state } = device();
    status.write(running, by);
    expect(status.state).toBe('running');
    state.drain = new Promise(() => {});
    status.write(0, by);
    expect([status.value, state.held]).toEqual([0, state.drain]);
  });

  test('by the modern interface on PCI is waited for by the driver, and nothing is held', async () => {
    const { status, state, write } = device();
    write(0x0f);
    let drain = () => {};
    state.drain = new Promise((resolve) => {
      drain = resolve;
    });
    expect(write(0)).toBe(0x0f);
    expect(state.held).toBeUndefined();
    drain();
    await state.drain;
    await Promise.resolve();
    expect(status.value).toBe(0);
  });

  test('with none in flight holds nothing', () => {
    const { status, state } = device();
    status.write(0x07, 'legacy');
    status.write(0, 'legacy');
    expect([status.value, state.held]).toEqual([0, undefined]);
  });
});
