/** Finds out what the page is served for. */
import type { Inspected } from '../inspected.ts';
import { connectMachine } from '../live/live-machine.ts';
import { type PlaceWindow, placeOf } from '../live/place.ts';
import { describeSession, fetchRecording } from '../live/session.ts';
import { RecordedRun } from '../recorded/recorded-run.ts';

/** Opens what the server of this page shows; undefined where it only serves files, and the reader has to choose a recording. */
export async function openSource(
  window: PlaceWindow,
  progress: (part: number) => void,
): Promise<Inspected | undefined> {
  const place = placeOf(window);
  if (place === undefined) return undefined;
  const { kind } = await describeSession(place);
  if (kind === 'machine') return connectMachine(place);
  return RecordedRun.open(await fetchRecording(place), progress);
}
