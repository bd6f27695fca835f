import { totalLength } from '../../../bytes/segments.ts';
import type { Backend, MaybeAsync, Node, OpenFile, Request } from '../../backend.ts';
import { after } from '../../maybe-async.ts';
import { LayerFile } from '../layer-file.ts';
import { LayerNode } from '../layer-node.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Throttling } from './limits.ts';
import { Throttle } from './throttle.ts';

/**
 * Holds the reads and writes of all clients of a share to limits. A request that has to wait holds up only those that are
 * limited with it, and its Tflush ends the wait.
 *
 * @throws RangeError for limits that contradict each other.
 * @spec QEMU 9psetup, -fsdev throttling
 */
export function throttled(backend: Backend, throttling: Throttling, clock: Clock = systemClock): Backend {
  const throttle = new Throttle(throttling, clock);
  return {
    driver: backend.driver,
    attach: (credential) => after(backend.attach(credential), (node) => new ThrottledNode(node, throttle)),
    close: () => backend.close(),
  };
}

class ThrottledNode extends LayerNode {
  private readonly throttle: Throttle;

  constructor(inner: Node, throttle: Throttle) {
    super(inner);
    this.throttle = throttle;
  }

  protected wrap(inner: Node): ThrottledNode {
    return new ThrottledNode(inner, this.throttle);
  }

  protected isSibling(node: ThrottledNode): boolean {
    return node.throttle === this.throttle;
  }

  protected override wrapFile(file: OpenFile): OpenFile {
    return new ThrottledFile(file, this.throttle);
  }
}

class ThrottledFile extends LayerFile {
  private readonly throttle: Throttle;

  constructor(inner: OpenFile, throttle: Throttle) {
    super(inner);
    this.throttle = throttle;
  }

  override read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return after(this.throttle.admit('read', totalLength(into), request), () => {
      return this.inner.read(offset, into, request);
    });
  }

  override write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return after(this.throttle.admit('write', totalLength(from), request), () => {
      return this.inner.write(offset, from, request);
    });
  }
}
