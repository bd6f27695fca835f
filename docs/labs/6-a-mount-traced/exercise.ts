import type { Answers, Recording } from '../lab.ts';

/**
 * Finds out what happened in the recording of a mount.
 *
 * So far it knows when the device of the share was plugged in.
 */
export default async function aMountTraced(recording: Recording): Promise<Answers> {
  let mountTag = '';
  for await (const event of recording.from(0)) {
    if (event.kind === 'plugged') mountTag = event.device;
  }
  return {
    mountTag,
    msize: 0,
    opening: [],
    readCalls: [],
    bytesRead: 0,
    kickToInterrupt: 0,
    errors: 0,
  };
}
