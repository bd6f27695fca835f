import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { OpenFile } from '../../ninep/backend.ts';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import { stubBackend, stubFile, stubNode } from '../../ninep/contract/stubs.ts';
import { fail } from '../../ninep/errno.ts';
import { campaign } from './campaign.ts';
import { Canary, SECRET } from './canary.ts';
import { CodecTarget, sampleFrames } from './codec-target.ts';
import { Conversation, emptyTally } from './conversation.ts';
import { Coverage } from './coverage.ts';
import { BadInput, fuzzGuided, type Inputs, type InputTarget } from './guided.ts';
import { RegisterTarget, sampleAccesses } from './hostile/register-target.ts';
import { mutateBytes, mutateFrame } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';

const scratch = async <T>(use: (folder: string) => T | Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

describe('whole sessions', () => {
  test.each(Object.keys(TARGETS))(
    'over %s',
    async (target) => {
      const { messages, replies, takenBack, errors, dialects } = await campaign({ target, messages: 3000, seed: 9 });
      expect(replies + takenBack).toBe(messages);
      // Most requests get somewhere: a fuzzer whose requests are all refused at the door finds nothing.
      const refused = ['EPROTO', 'EBADF'].reduce((sum, name) => sum + (errors.get(name) ?? 0), 0);
      expect(refused).toBeLessThan(messages / 2);
      expect([...dialects.keys()].sort()).toEqual(['9P2000', '9P2000.L', '9P2000.u']);
    },
    300_000,
  );
});

describe('a defect is found', () => {
  const healthy: Target = {
    exported: createSynth(),
    canaries: [],
    secrets: [],
    leaked: () => undefined,
    async close() {},
  };
  const verdict = (target: Target) => new Conversation(target, 1, 1, emptyTally()).run(1500);
  const withFile = (file: Partial<OpenFile>): Target => {
    const node = stubNode({ open: () => stubFile(file) });
    return { ...healthy, exported: stubBackend(node) };
  };

  test('none in a healthy server', async () => {
    await verdict(healthy);
  });

  test('something was not given back', async () => {
    await expect(verdict({ ...healthy, leaked: () => '3 descriptors' })).rejects.toThrow(/^3 descriptors\nafter/);
  });

  test('a backend throws what is no error number', async () => {
    const broken = withFile({ read: () => fail('ENOSYS'), fsync: () => JSON.parse('{') });
    await expect(verdict(broken)).rejects.toThrow(/SyntaxError/);
  });

  test('a reply area is written after its request has ended', async () => {
    const late = (_offset: bigint, into: readonly Uint8Array[]) => {
      setImmediate(() => into[0]?.fill(1));
      return 0;
    };
    await expect(verdict(withFile({ read: late }))).rejects.toThrow(/wrote into the reply area/);
  });

  test('what is outside the share is read, or changed', () =>
    scratch(async (around) => {
      const canary = new Canary(around, join(around, 'share'));
      const read = (_offset: bigint, into: readonly Uint8Array[]) => {
        const room = into[0];
        if (room === undefined || room.length < SECRET.length) return 0;
        room.set(SECRET);
        return SECRET.length;
      };
      await expect(verdict({ ...withFile({ read }), secrets: [SECRET] })).rejects.toThrow(
        /read what no client may see: 'canary: /,
      );
      rmSync(join(around, 'outside', 'link'));
      await expect(verdict({ ...healthy, canaries: [canary] })).rejects.toThrow(/outside the share was/);
    }));

  test('a request is never answered', async () => {
    const never = withFile({ read: () => new Promise<number>(() => undefined) });
    await expect(new Conversation(never, 1, 1, emptyTally(), 200).run(1500)).rejects.toThrow(
      /no answer for 0.2 s to [^;]*: Tread/,
    );
  });
});

describe('guided by coverage', () => {
  const FRAMES: Inputs = { samples: sampleFrames(), mutate: mutateFrame };
  const run = (target: InputTarget, wanted: RegExp, inputs: number, from = FRAMES) =>
    scratch(async (folder) => {
      const coverage = new Coverage((url) => wanted.test(url));
      try {
        return await fuzzGuided(target, coverage, from, { seed: 3, inputs, folder });
      } finally {
        coverage.close();
      }
    });

  test('accesses to the blocks of registers', async () => {
    const accesses: Inputs = { samples: sampleAccesses(), mutate: mutateBytes };
    const { reached, found } = await run(new RegisterTarget(), /\/devices\//, 512, accesses);
    expect([reached > 30_000, found > 10]).toEqual([true, true]);
  }, 300_000);

  test('frames through the codec', async () => {
    const { inputs, reached } = await run(new CodecTarget(), /\/(ninep|bytes)\//, 8000);
    expect(inputs).toBeGreaterThanOrEqual(8000);
    expect(reached).toBeGreaterThan(10_000);
  }, 300_000);

  test('find what chance alone would not', async () => {
    const target: InputTarget = {
      run(bytes) {
        if (bytes[9] !== 0x54) return;
        if (bytes[10] !== 0x53) return;
        throw new Error('here');
      },
    };
    await expect(run(target, /fuzz\.test\.ts/, 150_000)).rejects.toThrow(BadInput);
  }, 300_000);
});
