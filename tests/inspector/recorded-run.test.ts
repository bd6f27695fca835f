import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EventHistory } from '../../inspector/history.ts';
import { emptyModel, foldEvent, type MachineModel } from '../../inspector/model/machine-model.ts';
import type { RunState } from '../../inspector/protocol.ts';
import { RecordedRun } from '../../inspector/recorded/recorded-run.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { recordingOf } from './recording-of.ts';
import { toldShare } from './told-share.ts';

/** The machine may have much else to do. */
const TIMEOUT_MS = 300_000;
/** Events between two states: far fewer than there are events. */
const DISTANCE = 64;

const path = mkdtempSync(join(tmpdir(), 'tsvmm-recorded-'));
writeFileSync(join(path, 'file'), 'some content');
afterAll(() => rmSync(path, { recursive: true }));

let events: readonly TraceEvent[];
let bytes: Uint8Array;

beforeAll(async () => {
  const share = await toldShare(path);
  await share.client.version();
  const tree = await Tree.attach(share.client);
  const fid = await tree.open('file');
  for (let round = 0; round < 40; round += 1) await tree.read(fid, 0n, 100);
  await share.close();
  events = share.events;
  bytes = recordingOf(events, 16_384);
}, TIMEOUT_MS);

/** The model after the first `count` events, as JSON has it. */
function stateAfter(count: number): unknown {
  const model = emptyModel();
  for (const event of events.slice(0, count)) foldEvent(model, event);
  return plain(model);
}

const plain = (model: MachineModel): unknown => JSON.parse(JSON.stringify(model));

/** A run with a listener, and what waits for its next standstill. */
async function opened() {
  const run = await RecordedRun.open(bytes, () => {}, DISTANCE);
  const follower = {
    model: emptyModel(),
    history: new EventHistory(),
    run: { running: true } as RunState,
    endedBy: undefined as string | undefined,
  };
  let stands: (state: RunState) => void = () => {};
  const next = () =>
    new Promise<RunState>((resolve) => {
      stands = resolve;
    });
  const first = next();
  const stop = run.listen({
    restarted: (model) => {
      follower.model = model;
      follower.history.clear();
    },
    events: (more) => {
      for (const event of more) {
        foldEvent(follower.model, event);
        follower.history.push(event);
      }
    },
    runState: (state) => {
      follower.run = state;
      if (!state.running) stands(state);
    },
    ended: (why) => {
      follower.endedBy = why;
    },
  });
  await first;
  return { run, follower, next, stop };
}

describe('a recorded run', () => {
  test(
    'begins at its end, and shows at each place what the events until there tell',
    async () => {
      const { run, follower } = await opened();
      const { timeline } = run;
      expect([timeline.count, timeline.duration]).toEqual([events.length, events.at(-1)?.time]);
      expect(plain(follower.model)).toEqual(stateAfter(events.length));
      for (const count of [1, 2, DISTANCE - 1, DISTANCE, DISTANCE + 1, 300, events.length - 1, 3]) {
        const event = events[count - 1];
        await timeline.seekEvent(event?.id ?? 0);
        expect(follower.run).toEqual({ running: false, before: event?.id });
        expect(plain(follower.model)).toEqual(stateAfter(count));
        // There is something to scroll back to, and it ends where the run stands.
        expect(follower.history.length).toBeGreaterThanOrEqual(Math.min(count, 4 * DISTANCE));
        expect(follower.history.at(follower.history.length - 1)).toEqual(event);
      }
      await timeline.seek(0);
      const atZero = events.filter(({ time }) => time === 0).length;
      expect(follower.model.events).toBe(atZero);
      const middle = events[200]?.time ?? 0;
      await timeline.seek(middle);
      expect(follower.model.events).toBe(events.filter(({ time }) => time <= middle).length);
      expect(follower.endedBy).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  test(
    'steps to the next event of a choice, also while another wish is under way',
    async () => {
      const { run, follower, next } = await opened();
      await run.timeline.seekEvent(1);
      const of = (kind: string, after: number) => events.find((one) => one.kind === kind && one.id > after)?.id;
      let at = 1;
      for (const kind of ['config-write', 'status', 'request', 'request', 'used', 'used', 'used']) {
        const stands = next();
        run.control.step({ kinds: [kind] });
        at = of(kind, at) ?? 0;
        expect(await stands).toEqual({ running: false, before: at });
        expect(follower.model.last).toBe(at);
      }
      expect(plain(follower.model)).toEqual(stateAfter(events.findIndex(({ id }) => id === at) + 1));
      // The last of several wishes counts, and none of them loses an event.
      void run.timeline.seekEvent(10);
      void run.timeline.seekEvent(400);
      run.control.step({ kinds: [] });
      run.control.step({ kinds: [] });
      await run.timeline.seekEvent(250);
      expect(follower.model.last).toBe(250);
      expect(plain(follower.model)).toEqual(stateAfter(250));
    },
    TIMEOUT_MS,
  );

  test(
    'plays from the beginning to the end, and is paused on the way',
    async () => {
      const { run, follower, next } = await opened();
      const { timeline, control } = run;
      timeline.rate = timeline.duration / 1e6;
      const stands = next();
      control.resume();
      await new Promise((resolve) => setTimeout(resolve, 300));
      control.pause();
      await stands;
      const { events: seen } = follower.model;
      expect(seen).toBeLessThan(events.length);
      expect(plain(follower.model)).toEqual(stateAfter(seen));
      timeline.rate *= 100;
      const ends = next();
      control.resume();
      await ends;
      expect(plain(follower.model)).toEqual(stateAfter(events.length));
    },
    TIMEOUT_MS,
  );

  test('a file that is none is refused', async () => {
    await expect(RecordedRun.open(new Uint8Array(100))).rejects.toThrow('it does not begin as a recording does');
  });
});
