import type {
  DebugExit,
  ExceptionExit,
  FailEntryExit,
  InternalErrorExit,
  IoExit,
  MmioExit,
  SystemEventExit,
  UnknownExit,
  VcpuExit,
} from './exit.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Offsets in struct kvm_run. @spec KVM API §5 The kvm_run structure */
const at = {
  requestInterruptWindow: 0,
  exitReason: 8,
  readyForInterruptInjection: 12,
  ifFlag: 13,
  detail: 32,
  mmioData: 40,
  internalData: 40,
  instructionSize: 48,
  instruction: 49,
} as const;

const exitUnknown = 0;
const suberrorEmulation = 1;
const instructionBytesFlag = 1n;
const mostInstructionBytes = 15;
const mostData = 16;

const suberrors: Readonly<Record<number, InternalErrorExit['kind']>> = {
  1: 'emulation',
  2: 'simultaneous-exceptions',
  3: 'delivery-event',
  4: 'unexpected-exit-reason',
};

const systemEvents: Readonly<Record<number, SystemEventExit['kind']>> = {
  1: 'shutdown',
  2: 'reset',
  3: 'crash',
  4: 'wakeup',
  5: 'suspend',
  6: 'sev-term',
  7: 'tdx-fatal',
};

/** Reads exits out of the kvm_run structure a vCPU shares with the kernel. The exits with data in them are reused. */
export class RunPage {
  readonly #buffer: ArrayBuffer;
  readonly #view: DataView;
  readonly #io: Mutable<IoExit>;
  readonly #mmio: Mutable<MmioExit>;
  readonly #mmioData: readonly Uint8Array[];
  readonly #ioData = new Map<number, Uint8Array>();
  #ioDataOffset = 0;

  /** `buffer` is the mapped structure; it stays its owner's, who detaches it when the vCPU is closed. */
  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer);
    this.#mmioData = Array.from({ length: 9 }, (_, length) => new Uint8Array(buffer, at.mmioData, length));
    const nothing = new Uint8Array(0);
    this.#io = { reason: 'io', direction: 'in', port: 0, size: 0, count: 0, data: nothing };
    this.#mmio = { reason: 'mmio', address: 0n, isWrite: false, length: 0, data: nothing };
  }

  /** True where the guest can take an interrupt at its next entry. */
  get readyForInterruptInjection(): boolean {
    return this.#view.getUint8(at.readyForInterruptInjection) !== 0;
  }

  /** The guest's interrupt flag at its last exit. */
  get interruptFlag(): boolean {
    return this.#view.getUint8(at.ifFlag) !== 0;
  }

  get requestInterruptWindow(): boolean {
    return this.#view.getUint8(at.requestInterruptWindow) !== 0;
  }

  set requestInterruptWindow(wanted: boolean) {
    this.#view.setUint8(at.requestInterruptWindow, Number(wanted));
  }

  /** The exit the structure holds now. */
  decode(): VcpuExit {
    const reason = this.#view.getUint32(at.exitReason, true);
    const decoder = decoders[reason];
    return decoder === undefined ? this.#unknown(reason) : decoder(this);
  }

  io(): IoExit {
    const view = this.#view;
    const exit = this.#io;
    exit.direction = view.getUint8(at.detail) === 0 ? 'in' : 'out';
    exit.size = view.getUint8(at.detail + 1);
    exit.port = view.getUint16(at.detail + 2, true);
    exit.count = view.getUint32(at.detail + 4, true);
    exit.data = this.#portData(Number(view.getBigUint64(at.detail + 8, true)), exit.size * exit.count);
    return exit;
  }

  mmio(): MmioExit {
    const view = this.#view;
    const exit = this.#mmio;
    const length = view.getUint32(at.detail + 16, true);
    const data = this.#mmioData[length];
    if (data === undefined) throw new Error(`KVM reported an MMIO access of ${length} bytes`);
    exit.address = view.getBigUint64(at.detail, true);
    exit.isWrite = view.getUint8(at.detail + 20) !== 0;
    exit.length = length;
    exit.data = data;
    return exit;
  }

  internalError(): InternalErrorExit {
    const suberror = this.#view.getUint32(at.detail, true);
    const data = this.#data();
    return {
      reason: 'internal-error',
      suberror,
      kind: suberrors[suberror] ?? 'unknown',
      data,
      instruction: suberror === suberrorEmulation ? this.#instruction(data) : undefined,
    };
  }

  failEntry(): FailEntryExit {
    const view = this.#view;
    return {
      reason: 'fail-entry',
      hardwareReason: view.getBigUint64(at.detail, true),
      cpu: view.getUint32(at.detail + 8, true),
    };
  }

  systemEvent(): SystemEventExit {
    const type = this.#view.getUint32(at.detail, true);
    return { reason: 'system-event', type, kind: systemEvents[type] ?? 'unknown', data: this.#data() };
  }

  debug(): DebugExit {
    const view = this.#view;
    return {
      reason: 'debug',
      exception: view.getUint32(at.detail, true),
      pc: view.getBigUint64(at.detail + 8, true),
      dr6: view.getBigUint64(at.detail + 16, true),
      dr7: view.getBigUint64(at.detail + 24, true),
    };
  }

  exception(): ExceptionExit {
    const view = this.#view;
    return {
      reason: 'exception',
      exception: view.getUint32(at.detail, true),
      errorCode: view.getUint32(at.detail + 4, true),
    };
  }

  #unknown(number: number): UnknownExit {
    const hardwareReason = number === exitUnknown ? this.#view.getBigUint64(at.detail, true) : undefined;
    return { reason: 'unknown', number, hardwareReason };
  }

  /** The `ndata` words that follow a suberror or an event type. */
  #data(): bigint[] {
    const count = Math.min(this.#view.getUint32(at.detail + 4, true), mostData);
    return Array.from({ length: count }, (_, index) => this.#view.getBigUint64(at.internalData + index * 8, true));
  }

  #instruction(data: readonly bigint[]): Uint8Array | undefined {
    const [flags] = data;
    if (flags === undefined || (flags & instructionBytesFlag) === 0n || data.length < 3) return undefined;
    const size = Math.min(this.#view.getUint8(at.instructionSize), mostInstructionBytes);
    return new Uint8Array(this.#buffer, at.instruction, size).slice();
  }

  #portData(offset: number, length: number): Uint8Array {
    if (offset !== this.#ioDataOffset) {
      this.#ioData.clear();
      this.#ioDataOffset = offset;
    }
    let data = this.#ioData.get(length);
    if (data === undefined) {
      data = new Uint8Array(this.#buffer, offset, length);
      this.#ioData.set(length, data);
    }
    return data;
  }
}

/** How each KVM_EXIT number is read. */
const decoders: Readonly<Record<number, (page: RunPage) => VcpuExit>> = {
  1: (page) => page.exception(),
  2: (page) => page.io(),
  4: (page) => page.debug(),
  5: () => ({ reason: 'hlt' }),
  6: (page) => page.mmio(),
  7: () => ({ reason: 'irq-window-open' }),
  8: () => ({ reason: 'shutdown' }),
  9: (page) => page.failEntry(),
  10: () => ({ reason: 'interrupted' }),
  17: (page) => page.internalError(),
  24: (page) => page.systemEvent(),
};
