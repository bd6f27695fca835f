import { ConsoleDevice } from '../../../devices/virtio/console-device.ts';
import type { Random } from '../../support/random.ts';
import type { Request, Subject, SubjectParts } from './subjects.ts';

const PING = new TextEncoder().encode('ping');

/** A console whose host types whenever it may, and asks for pauses now and then. */
export class ConsoleSubject implements Subject {
  readonly device: ConsoleDevice;
  readonly probe = {
    queue: 1,
    readable: PING,
    writable: 0,
    judge: () => (this.#last.includes('ping') ? undefined : 'did not print'),
  };
  /** Input that nobody types needs no buffer. */
  readonly onDemand = [0];
  #last = '';
  #paused = false;

  constructor({ defer, random, interfere }: SubjectParts) {
    this.device = new ConsoleDevice({
      defer,
      rows: 24,
      columns: 80,
      transmit: (bytes) => {
        interfere();
        this.#last = (this.#last + new TextDecoder('latin1').decode(bytes)).slice(-64);
        this.#paused ||= random.oneIn(8);
        return !this.#paused;
      },
      readyForInput: () => {
        interfere();
        this.device.receive(new Uint8Array(random.below(300)));
      },
    });
  }

  request(random: Random): Request {
    const length = random.below(random.oneIn(16) ? 100_000 : 200);
    if (random.oneIn(2)) return { queue: 0, readable: new Uint8Array(), writable: length };
    return { queue: 1, readable: new Uint8Array(length), writable: 0 };
  }

  release(): boolean {
    const was = this.#paused;
    this.#paused = false;
    this.device.resumeOutput();
    return was;
  }

  leaked(): undefined {
    return undefined;
  }
}
