import type { Readable, Writable } from 'node:stream';

/** Where input comes from; a terminal can be made raw. */
export type InputStream = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

/** Where output goes; a terminal knows its size. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The events of a process that concern the terminal and the guest: signals by name, `exit`, uncaught errors. */
export interface ProcessEvents {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** The process as the command line sees it. */
export interface ProcessIo {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly events: ProcessEvents;
  /** Stops this process as Ctrl-Z does. */
  suspend(): void;
  /** Ends this process at once. */
  exit(status: number): void;
}
