import type { DeviceTrace } from '../devices/ports.ts';

/** Notices of one device that are shown; a hostile guest can cause any number. */
const SHOWN_PER_DEVICE = 8;

/** Turns the faults of a guest into lines for people, a bounded number for each device. */
export function faultNotices(notice: (line: string) => void): DeviceTrace {
  const counts = new Map<string, number>();
  return {
    guestFault(device, message) {
      const count = (counts.get(device) ?? 0) + 1;
      counts.set(device, count);
      if (count <= SHOWN_PER_DEVICE) notice(`${device}: the guest broke a rule: ${printable(message)}`);
      else if (count === SHOWN_PER_DEVICE + 1) notice(`${device}: further faults of the guest are not shown`);
    },
  };
}

/** A terminal acts on control characters; a guest may have put some into a message. */
function printable(message: string): string {
  return message.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
