/** The device status field as a state machine. */

/** Bits of the device status field. @spec virtio 1.2 §2.1 Device Status Field */
export const STATUS = {
  ACKNOWLEDGE: 0x01,
  DRIVER: 0x02,
  DRIVER_OK: 0x04,
  FEATURES_OK: 0x08,
  DEVICE_NEEDS_RESET: 0x40,
  FAILED: 0x80,
} as const;

/** What each bit says. @spec virtio 1.2 §2.1 Device Status Field */
export const STATUS_MEANINGS: Readonly<Record<keyof typeof STATUS, string>> = {
  ACKNOWLEDGE: 'The guest found the device and knows it for a virtio device.',
  DRIVER: 'The guest knows how to drive it.',
  FEATURES_OK: 'The driver accepts the features it wrote, and the device agreed.',
  DRIVER_OK: 'The driver is ready: the device may use its queues.',
  DEVICE_NEEDS_RESET: 'The device met an error it does not recover from without a reset.',
  FAILED: 'The guest gave the device up.',
};

/** The same as bit numbers, as tables of registers name bits. */
export const STATUS_BITS: Readonly<Record<keyof typeof STATUS, number>> = {
  ACKNOWLEDGE: Math.log2(STATUS.ACKNOWLEDGE),
  DRIVER: Math.log2(STATUS.DRIVER),
  DRIVER_OK: Math.log2(STATUS.DRIVER_OK),
  FEATURES_OK: Math.log2(STATUS.FEATURES_OK),
  DEVICE_NEEDS_RESET: Math.log2(STATUS.DEVICE_NEEDS_RESET),
  FAILED: Math.log2(STATUS.FAILED),
};

/** Where driver and device are in the life of a device. */
export type StatusState =
  | 'reset'
  | 'acknowledged'
  | 'driver'
  | 'features-ok'
  | 'running'
  | 'needs-reset'
  | 'failed'
  | 'resetting';

/** Bits a driver sets, in the order in which several written at once take effect. */
const DRIVER_BITS = ['ACKNOWLEDGE', 'DRIVER', 'FEATURES_OK', 'DRIVER_OK', 'FAILED'] as const;

/** A bit the driver sets. */
export type DriverBit = (typeof DRIVER_BITS)[number];

/**
 * Where setting a bit leads from each state; a bit that is missing may not be set there. Writing 0 leads to `resetting`
 * from everywhere and from there, once the device has drained, to `reset`, or to `needs-reset` if it could not drain.
 *
 * A driver that has not noticed that a reset is needed may finish its initialisation: it is told by interrupt once it
 * set DRIVER_OK.
 *
 * @spec virtio 1.2 §3.1.1 Driver Requirements: Device Initialization
 */
export const STATUS_TRANSITIONS: {
  readonly [state in StatusState]: { readonly [bit in DriverBit]?: StatusState };
} = {
  reset: { ACKNOWLEDGE: 'acknowledged', FAILED: 'failed' },
  acknowledged: { DRIVER: 'driver', FAILED: 'failed' },
  driver: { FEATURES_OK: 'features-ok', FAILED: 'failed' },
  'features-ok': { DRIVER_OK: 'running', FAILED: 'failed' },
  running: { FAILED: 'failed' },
  'needs-reset': { DRIVER_OK: 'needs-reset', FAILED: 'failed' },
  failed: {},
  resetting: {},
};

/**
 * The same for a driver of the legacy interface, which knows no FEATURES_OK. Its reset ends at once: it does not wait for the
 * field to read 0.
 *
 * @spec virtio 1.2 §3.1.2 Legacy Interface: Device Initialization
 */
export const LEGACY_STATUS_TRANSITIONS: typeof STATUS_TRANSITIONS = {
  ...STATUS_TRANSITIONS,
  driver: { DRIVER_OK: 'running', FAILED: 'failed' },
};

/**
 * By which interface a driver writes the field: `memory` is that of MMIO, whose Linux driver takes a reset to be complete
 * when it has written it.
 *
 * @spec virtio 1.2 §1.3.1 Legacy Interface: Terminology, §4.2.2 MMIO Device Register Layout
 */
export type DriverInterface = 'modern' | 'legacy' | 'memory';

interface InterfaceRules {
  readonly transitions: typeof STATUS_TRANSITIONS;
  readonly bits: readonly DriverBit[];
  /** The driver sees its reset end by reading 0, and waits for that; else its CPU is held until then. */
  readonly awaitsReset: boolean;
}

const RULES: { readonly [by in DriverInterface]: InterfaceRules } = {
  modern: { transitions: STATUS_TRANSITIONS, bits: DRIVER_BITS, awaitsReset: true },
  memory: { transitions: STATUS_TRANSITIONS, bits: DRIVER_BITS, awaitsReset: false },
  legacy: {
    transitions: LEGACY_STATUS_TRANSITIONS,
    bits: DRIVER_BITS.filter((bit) => bit !== 'FEATURES_OK'),
    awaitsReset: false,
  },
};

/** What follows from moves of the status. */
export interface StatusActions {
  /** FEATURES_OK is about to be set; an objection keeps it unset. */
  featuresObjection(): string | undefined;
  /** DRIVER_OK was set. */
  driverOk(): void;
  /** The driver wrote 0; resolves when the device has drained, or is undefined when there is nothing to wait for. */
  reset(): Promise<void> | undefined;
  /** `reset` rejected: the device is as it was but that it does nothing, and may be reset again. */
  resetFailed(error: unknown): void;
  /** The driver goes on when its reset has ended, and not before. */
  hold(until: Promise<void>): void;
  /** The driver did what it may not; nothing has changed. `why` is for people. */
  refused(why: string): void;
  /** The state has changed; for whoever watches. */
  moved?: ((from: StatusState, to: StatusState, value: number) => void) | undefined;
}

/** The device status field of one device. */
export class DeviceStatus {
  readonly #actions: StatusActions;
  #state: StatusState = 'reset';
  #value = 0;

  constructor(actions: StatusActions) {
    this.#actions = actions;
  }

  get state(): StatusState {
    return this.#state;
  }

  /** The field as the driver reads it: while a reset is under way its old value, which is not 0. */
  get value(): number {
    return this.#value;
  }

  /** Whether the driver has set DRIVER_OK since the last reset. */
  get driverOk(): boolean {
    return (this.#value & STATUS.DRIVER_OK) !== 0;
  }

  /** The driver wrote the field: `value` 0 to 255. */
  write(value: number, by: DriverInterface = 'modern'): void {
    const rules = RULES[by];
    if (value === 0) {
      this.#reset(rules);
      return;
    }
    const own = this.#value & ~STATUS.DEVICE_NEEDS_RESET;
    if ((own & ~value) !== 0) {
      this.#refuse(value, 'it clears bits, which only a reset does');
      return;
    }
    const unknown = value & ~this.#value & ~rules.bits.reduce((mask, bit) => mask | STATUS[bit], 0);
    if (unknown !== 0) this.#refuse(value, `bits 0x${unknown.toString(16)} are not the driver's to set`);
    for (const bit of rules.bits) {
      if ((value & ~this.#value & STATUS[bit]) !== 0 && !this.#set(rules, bit, value)) return;
    }
  }

  /** The device cannot go on without a reset. Returns false when that is known already, or the device is being reset. */
  needsReset(): boolean {
    if (this.#state === 'resetting' || (this.#value & STATUS.DEVICE_NEEDS_RESET) !== 0) return false;
    this.#value |= STATUS.DEVICE_NEEDS_RESET;
    if (this.#state !== 'failed') this.#enter('needs-reset');
    return true;
  }

  #set({ transitions }: InterfaceRules, bit: DriverBit, written: number): boolean {
    const to = transitions[this.#state][bit];
    if (to === undefined) {
      this.#refuse(written, `${bit} may not be set in state ${this.#state}`);
      return false;
    }
    const objection = bit === 'FEATURES_OK' ? this.#actions.featuresObjection() : undefined;
    if (objection !== undefined) {
      this.#refuse(written, objection);
      return false;
    }
    this.#value |= STATUS[bit];
    this.#enter(to);
    if (bit === 'DRIVER_OK') this.#actions.driverOk();
    return true;
  }

  #reset({ awaitsReset }: InterfaceRules): void {
    if (this.#state === 'resetting') return;
    const drained = this.#actions.reset();
    if (drained === undefined || !awaitsReset) {
      drained?.catch((error: unknown) => this.#actions.resetFailed(error));
      if (drained !== undefined) this.#actions.hold(drained);
      this.#restart();
      return;
    }
    this.#enter('resetting');
    drained.then(
      () => this.#restart(),
      (error: unknown) => {
        this.#enter('needs-reset');
        this.#actions.resetFailed(error);
      },
    );
  }

  #restart(): void {
    this.#value = 0;
    this.#enter('reset');
  }

  #enter(state: StatusState): void {
    const from = this.#state;
    this.#state = state;
    if (from !== state) this.#actions.moved?.(from, state, this.#value);
  }

  #refuse(written: number, why: string): void {
    this.#actions.refused(`device_status 0x${written.toString(16)} refused: ${why}`);
  }
}
