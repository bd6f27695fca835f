/**
 * The block device: sectors of a store, read and written where the driver's buffers lie.
 *
 * @spec virtio 1.2 §5.2 Block Device
 */
import { copyIn } from '../../bytes/segments.ts';
import type { AccessWidth, Defer } from '../ports.ts';
import { type BlkOwner, blkConfig } from './blk-config-registers.ts';
import { BLK_FEATURE } from './blk-features.ts';
import { BLK_REQUESTS, BLK_STATUS, type BlkStatus, type Disk, readRequest } from './blk-requests.ts';
import { type BlockStore, SECTOR } from './block-store.ts';
import type { DeviceContext, VirtioDevice } from './device.ts';
import { VERSION_1 } from './features.ts';
import { type Answer, RequestServer, Unanswerable } from './request-server.ts';
import type { RingPolling } from './ring-poller.ts';
import type { Chain } from './virtqueue.ts';

const DEVICE_ID = 2;
const QUEUE_SIZE = 128;
/** Segments of data beside the header and the status byte. */
const SEG_MAX = QUEUE_SIZE - 2;
/** Base class 1, subclass 0, as QEMU presents this device; drivers match the virtio id, not the class. */
const PCI_CLASS = 0x01_00_00;

/** What a block device is made of. */
export interface BlkDeviceOptions {
  /** The device's own from now on, but for closing it. */
  readonly store: BlockStore;
  /** What tells this disk from others: up to 20 bytes of it count. Default none. */
  readonly serial?: string | undefined;
  /** Writes are stable once they are completed, until the driver chooses otherwise. Default false. */
  readonly writethrough?: boolean | undefined;
  readonly defer: Defer;
  /** Looks at the ring after it has run empty; absent where every request comes with a kick. */
  readonly polling?: RingPolling | undefined;
}

/** A virtio block device. */
export class BlkDevice implements VirtioDevice, BlkOwner {
  readonly name = 'virtio-blk';
  readonly deviceId = DEVICE_ID;
  readonly pciClass = PCI_CLASS;
  readonly features: bigint;
  readonly queueSizes: readonly number[] = [QUEUE_SIZE];
  readonly configLength = blkConfig.length;
  readonly #config;
  readonly #disk: Disk;
  readonly #options: BlkDeviceOptions;
  #life: { readonly context: DeviceContext; readonly server: RequestServer } | undefined;
  /** What the driver wrote to `writeback`. */
  #chosen: number | undefined;

  constructor(options: BlkDeviceOptions) {
    const { store, serial = '' } = options;
    this.#options = options;
    this.#disk = {
      store,
      serial: new TextEncoder().encode(serial),
      writesThrough: () => this.readWriteback() === 0,
    };
    this.features = featuresOf(store);
    this.#config = blkConfig.instance(this, {
      capacity: BigInt(store.length / SECTOR),
      seg_max: SEG_MAX,
      write_zeroes_may_unmap: store.discards ? 1 : 0,
    });
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#config.read(offset, width) ?? 0;
  }

  writeConfig(offset: number, width: AccessWidth, value: number) {
    return this.#config.write(offset, width, value);
  }

  explainConfig(offset: number, width: AccessWidth, value: number): string {
    return this.#config.explain(offset, width, value);
  }

  /**
   * A driver that does not know of flushing has every write flushed for it; but a driver of the legacy interface that may
   * choose is left with what it chose.
   *
   * @spec virtio 1.2 §5.2.5.2 Device Requirements: Device Initialization
   * @spec virtio 1.2 §5.2.5.3 Legacy Interface: Device Initialization
   * @spec virtio 1.2 §5.2.6.2 Device Requirements: Device Operation
   */
  readWriteback(): number {
    const features = this.#life?.context.features ?? this.features;
    const chooses = (features & BLK_FEATURE.configWce) !== 0n;
    if (chooses && this.#chosen !== undefined) return this.#chosen;
    const flushes = (features & BLK_FEATURE.flush) !== 0n || (chooses && (features & VERSION_1) === 0n);
    return !flushes || this.#options.writethrough === true ? 0 : 1;
  }

  writeWriteback(value: number): void {
    this.#chosen = value & 1;
  }

  activate(context: DeviceContext): void {
    const { defer, polling } = this.#options;
    const server = new RequestServer({ context, queue: 0, defer, polling, answer: (chain) => this.#answer(chain) });
    this.#life = { context, server };
  }

  queueNotify(): void {
    this.#life?.server.notify();
  }

  async reset(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    this.#chosen = undefined;
    await life?.server.stop();
  }

  #answer(chain: Chain): Answer | Promise<Answer> {
    if (chain.writableLength === 0) return new Unanswerable('the request has no place for its status');
    const found = readRequest(chain);
    if (found === undefined) return conclude(chain, BLK_STATUS.IOERR);
    const kind = BLK_REQUESTS.get(found.type);
    if (kind === undefined) return conclude(chain, BLK_STATUS.UNSUPP);
    if (kind.writes && this.#disk.store.readonly) return conclude(chain, BLK_STATUS.IOERR);
    try {
      const status = kind.serve(this.#disk, found.request);
      if (!(status instanceof Promise)) return conclude(chain, status, kind.fills);
      return status.then(
        (ended) => conclude(chain, ended, kind.fills),
        () => conclude(chain, BLK_STATUS.IOERR),
      );
    } catch {
      return conclude(chain, BLK_STATUS.IOERR);
    }
  }
}

/** @spec virtio 1.2 §5.2.3 Feature bits */
function featuresOf({ readonly, discards }: BlockStore): bigint {
  const { segMax, ro, blkSize, topology, flush, configWce, writeZeroes, discard } = BLK_FEATURE;
  const always = segMax | blkSize | topology | flush;
  return always | (readonly ? ro : configWce | writeZeroes | (discards ? discard : 0n));
}

/** Puts the status in the last writable byte. Returns how many bytes were written from the first on. */
function conclude(chain: Chain, status: BlkStatus, fills = false): number {
  const last = chain.writableLength - 1;
  copyIn(chain.writable, last, Uint8Array.of(status), 1);
  return last === 0 || (fills && status === BLK_STATUS.OK) ? chain.writableLength : 0;
}
