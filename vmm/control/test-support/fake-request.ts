import type { Request } from '../../../ninep/backend.ts';

/** A request whose Tflush the test sends. */
export class FakeRequest implements Request {
  readonly #callbacks: (() => void)[] = [];

  onFlush(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  /** Takes the request back. */
  flush(): void {
    for (const callback of this.#callbacks.splice(0)) callback();
  }
}
