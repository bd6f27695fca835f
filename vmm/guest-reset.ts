/** Why a guest begins anew, and what is said then. */
export const RESET_LINES = {
  reset: 'the guest reset the machine: it boots again',
  'triple-fault': 'the guest reset the machine by a triple fault: it boots again',
  requested: 'the machine was reset: it boots again',
} as const;

export type GuestResetReason = keyof typeof RESET_LINES;

/** What a guest does at the end of its life that a PC answers with a reset. */
export type GuestResetCause = Exclude<GuestResetReason, 'requested'>;

/** A guest that begins anew in the same machine. */
export interface GuestReset {
  readonly reason: GuestResetReason;
  /** How many resets there have been, this one included. */
  readonly count: number;
  /** One line for people. */
  readonly line: string;
}

/** What becomes of a machine whose guest resets it. */
export type OnReboot = 'restart' | 'end';
