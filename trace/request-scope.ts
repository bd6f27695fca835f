import type { EventId } from '../devices/events.ts';

/** A 9P request that is being served. */
export interface RequestUnderWay {
  /** The device or client it came from. */
  readonly device: string;
  /** Its `request` event. */
  readonly event: EventId;
  /** System calls made for it so far. */
  readonly calls: EventId[];
}

/** Ties what is done for a request, in its own turn or in any later one, to the request. */
export interface RequestScope {
  /** Serves one request: what `work` does and sets going belongs to the request that `entered` names meanwhile. */
  run<T>(work: () => T): T;
  /** The request that is being served now. */
  entered(request: RequestUnderWay): void;
}
