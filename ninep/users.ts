import { NO_ID } from './plan9.ts';

/**
 * Names of users and groups. A server that looked them up would tell a guest who lives on its host, and a guest's users are
 * others anyway: a name is the number in decimal.
 */

const decoder = new TextDecoder();

/** What a user or group is called. */
export function userName(id: number): string {
  return String(id);
}

/** The number a name stands for, or undefined if it is none below 2^32 - 1. */
export function userNumber(name: Uint8Array | string): number | undefined {
  const text = typeof name === 'string' ? name : decoder.decode(name);
  if (!/^[0-9]{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id < NO_ID ? id : undefined;
}
