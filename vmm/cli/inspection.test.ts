import { describe, expect, test } from '@jest/globals';
import { EventStream } from '../../trace/event-stream.ts';
import type { InspectorOptions } from '../inspect/inspector.ts';
import { HostError } from '../usage-error.ts';
import type { InspectorFactory } from './inspection.ts';
import { FakeMachine, FakeProcess } from './test-support/fake-process.ts';
import { run } from './test-support/fake-run.ts';

const URL = 'http://127.0.0.1:4000/#token=x';

/** An inspector that only remembers. */
function fake() {
  const asked: InspectorOptions[] = [];
  const closed: (string | undefined)[] = [];
  const open: InspectorFactory = async (options) => {
    asked.push(options);
    const close = async (why?: string) => void closed.push(why);
    const events = options.events ?? new EventStream();
    return { url: URL, hooks: { events }, close, [Symbol.asyncDispose]: close };
  };
  return { asked, closed, open };
}

describe('tsvmm run --inspect', () => {
  test('says where the page is, gives the machine its stream, and tells the page how the machine ended', async () => {
    const { asked, closed, open } = fake();
    const machine = new FakeMachine();
    const seen: unknown[] = [];
    const io = new FakeProcess();
    const { status } = run(['run', '--inspect', '4000'], io, {
      openInspector: open,
      createMachine: async (_, { events }) => {
        seen.push(events);
        return machine;
      },
    });
    await machine.started();
    machine.finish('power-off');
    expect(await status).toBe(0);
    expect(asked).toMatchObject([{ port: 4000, wait: false }]);
    expect(seen).toEqual([expect.any(EventStream)]);
    expect(closed).toEqual(['the guest powered off']);
    expect(io.stderr.text).toContain(`tsvmm: inspect: ${URL}\n`);
  });

  test('takes events from the stream of a trace that is written as well, and says what it waits for', async () => {
    const { asked, open } = fake();
    const { status, machine, io } = run(
      ['run', '--inspect', '0,wait=on', '--trace', '/dev/null,events=all'],
      undefined,
      {
        openInspector: open,
      },
    );
    await machine.started();
    machine.finish('power-off');
    await status;
    expect(asked).toMatchObject([{ port: 0, wait: true, events: expect.any(EventStream) }]);
    expect(io.stderr.text).toContain(`inspect: the guest begins when a page at this address lets it: ${URL}`);
  });

  test('an inspector that cannot be had ends the run before there is a machine', async () => {
    const { status, configs, io } = run(['run', '--inspect', '0'], undefined, {
      openInspector: () => Promise.reject(new HostError('the inspector is not built; build it with npm run build')),
    });
    expect([await status, configs]).toEqual([125, []]);
    expect(io.stderr.text).toBe('tsvmm: the inspector is not built; build it with npm run build\n');
  });
});

describe('tsvmm inspect', () => {
  test.each([
    [['inspect'], 'inspect: lacks its file; write tsvmm inspect FILE'],
    [['inspect', '/none'], 'inspect: /none does not exist; name a file that --record wrote'],
    [['inspect', '/'], 'inspect: / is a directory; name a file that --record wrote'],
    [['inspect', 'x', '--port', 'y'], "inspect: port: 'y' is no address; write PORT or HOST:PORT"],
  ])('%j is refused in one line', async (args, line) => {
    const { status, io } = run(args);
    expect([await status, io.stderr.text]).toEqual([2, `tsvmm: ${line}\n`]);
  });
});
