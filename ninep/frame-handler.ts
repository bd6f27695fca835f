/**
 * The one type through which a transport (virtio-9p, a socket) sees the 9P core.
 */

/** Bytes in one or more pieces, in order; split anywhere. */
export type Segments = readonly Uint8Array[];

/** Serves one connection: one dialect, one table of fids. */
export interface FrameHandler {
  /**
   * Serves one T-message and writes its R-message into `reply`.
   *
   * @param request the whole frame. It may be memory the client still writes to: every field is read once.
   * @param reply where the answer goes; it may be shorter than the negotiated msize.
   * @returns the length of the R-message in bytes, at once or later; 0 when a Tflush took the request back. Both
   *   arguments belong to the handler until then.
   * @throws FrameError when request or reply is too short to hold a 9P header: the client broke the transport's rules.
   */
  handle(request: Segments, reply: Segments): number | Promise<number>;
  /**
   * Asks every request under way to end, as a Tflush of each would; fids stay. Absent where no request takes long.
   */
  flushAll?(): void;
  /** Ends every request under way and clunks every fid; resolves when nothing of the old life can touch any segment. */
  reset(): Promise<void>;
}

/** The client sent something in which no 9P header can be found, so not even an error can be answered. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}
