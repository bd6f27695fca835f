import { describe, expect, test } from '@jest/globals';
import { GOOD, isTry, prepared, TRIES } from './contract/refusal-tries.ts';
import { ERRNO } from './errno.ts';
import { MESSAGES, type MessageRow, type RequestName } from './messages.ts';
import { REFUSALS } from './refusals.ts';

const REQUESTS = MESSAGES.filter((row) => row.name.startsWith('T')) as readonly MessageRow<RequestName>[];
const ROWS = REQUESTS.flatMap(({ name: request, versions }) =>
  REFUSALS[request].flatMap(({ error, when, versions: only = versions }) =>
    only.map((version) => ({ request, error, when, version })),
  ),
);

describe('what the core refuses', () => {
  test.each(ROWS)('$request in $version: $error, $when', async ({ request, error, when, version }) => {
    const tries = TRIES[request][when] ?? [];
    expect(tries).not.toEqual([]);
    for (const given of tries) {
      const one = isTry(given) ? given : { fields: given };
      const { client, narrow } = await prepared(version, one);
      await one.before?.(client);
      if (one.room !== undefined) narrow(one.room);
      const body = { ...GOOD[request], ...(request === 'Tversion' && { version }), ...one.fields };
      // Without a number there are words alone, here others than those of any error.
      const told =
        request === 'Tauth' && version === '9P2000'
          ? { text: 'authentication not required' }
          : { errno: ERRNO[error], name: error };
      await expect(client.call(request, body)).rejects.toMatchObject(told);
    }
  });

  test('every try is of a refusal that the table has', () => {
    for (const [request, tries] of Object.entries(TRIES)) {
      const declared = REFUSALS[request as RequestName].map(({ when }) => when);
      expect([request, [...new Set(declared)].sort()]).toEqual([request, Object.keys(tries).sort()]);
    }
  });

  const good = REQUESTS.flatMap(({ name: request, versions }) => versions.map((version) => ({ request, version })));
  test.each(good)('nothing about $request in $version that is as it should be', async ({ request, version }) => {
    const { client } = await prepared(version, {});
    const answer = client.call(request, GOOD[request]).then(
      () => 'a reply',
      (error: unknown) => String(error),
    );
    // What the stub does not do it refuses with ENOSYS, after the core had nothing against it.
    expect(await answer).toMatch(request === 'Tauth' ? /^E/ : /^a reply$|ENOSYS/);
  });
});
