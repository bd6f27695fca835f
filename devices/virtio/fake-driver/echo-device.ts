import type { AccessWidth } from '../../ports.ts';
import type { DeviceContext, VirtioDevice } from '../device.ts';
import type { Chain, Virtqueue } from '../virtqueue.ts';

/**
 * A device for tests of transports: returns each chain with its readable bytes copied to the writable part; may hold chains
 * back, and be slow to reset.
 */
export class EchoDevice implements VirtioDevice {
  readonly name = 'virtio-echo';
  readonly deviceId = 9;
  readonly pciClass = 0x000200;
  readonly features = 1n;
  readonly queueSizes: readonly number[] = [128, 64];
  readonly config = Uint8Array.of(4, 0, 0x68, 0x6f, 0x73, 0x74);
  readonly configLength = 6;
  /** What the transport called, in order. */
  readonly log: string[] = [];
  readonly held: { queue: Virtqueue; chain: Chain }[] = [];
  context: DeviceContext | undefined;
  /** Keep chains until `release`. */
  hold = false;
  /** What a reset waits for. */
  drained: Promise<void> = Promise.resolve();

  readConfig(offset: number, width: AccessWidth): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.config[offset + i] ?? 0) * 2 ** (8 * i);
    return value;
  }

  writeConfig(offset: number, width: AccessWidth, value: number): void {
    this.log.push(`config ${offset} ${width} ${value}`);
  }

  activate(context: DeviceContext): void {
    this.context = context;
    this.log.push(`activate ${context.features.toString(16)}`);
  }

  queueNotify(index: number): void {
    this.log.push(`notify ${index}`);
    const queue = this.context?.queue(index);
    for (let chain = queue?.pop(); queue !== undefined && chain !== undefined; chain = queue.pop()) {
      if (chain === 'empty') return;
      if (chain.kind === 'fault') {
        this.context?.needsReset(chain.message);
        return;
      }
      this.held.push({ queue, chain });
      if (!this.hold) this.release();
    }
  }

  /** Completes what is held back. */
  release(context = this.context): void {
    for (const { queue, chain } of this.held.splice(0)) {
      const [from, to] = [chain.readable[0], chain.writable[0]];
      if (from !== undefined && to !== undefined) to.set(from.subarray(0, to.length));
      queue.push(chain, to?.length ?? 0);
      context?.notifyUsed(queue);
    }
  }

  queueReset(index: number): void {
    this.log.push(`queue reset ${index}`);
  }

  async reset(): Promise<void> {
    this.log.push('reset');
    await this.drained;
    this.context = undefined;
  }
}
