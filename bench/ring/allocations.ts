/** What the device's thread allocates, by the function that does, what did not survive included. */
import { Session } from 'node:inspector';

/** Bytes between two samples, on average. */
const INTERVAL = 4096;
const SHOWN = 25;

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/** Begins to sample; what is returned ends it and gives the functions that allocate most, in bytes. */
export function sampleAllocations(): () => readonly (readonly [name: string, bytes: number])[] {
  const session = new Session();
  session.connect();
  const options = { includeObjectsCollectedByMinorGC: true, includeObjectsCollectedByMajorGC: true };
  session.post('HeapProfiler.startSampling', { samplingInterval: INTERVAL, ...options });
  return () => {
    const bytes = new Map<string, number>();
    const visit = ({ callFrame: { functionName, lineNumber }, selfSize, children }: ProfileNode): void => {
      const name = `${functionName === '' ? '(anonymous)' : functionName}, line ${lineNumber + 1}`;
      bytes.set(name, (bytes.get(name) ?? 0) + selfSize);
      for (const child of children) visit(child);
    };
    // The session is of this very thread: it answers before post returns.
    session.post('HeapProfiler.stopSampling', (_, { profile }) => visit(profile.head));
    session.disconnect();
    return [...bytes].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  };
}
