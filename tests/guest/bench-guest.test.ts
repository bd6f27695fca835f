import { test } from '@jest/globals';
import { runGuest } from '../../bench/compare/guest-run.ts';
import { tsvmmCommand } from '../../bench/compare/machines.ts';
import { ensureBenchGuest } from '../../vmm/fixtures/bench-guest.ts';
import { BENCH_RAM, benchWish, expectSound } from '../support/bench-run.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

describeGuest('the bench guest', () => {
  const directory = scratchDirectory();

  test(
    'measures its share and powers off',
    async () => {
      const wish = { ...benchWish(directory), kernel: await ensureBenchGuest(), accel: 'kvm' } as const;
      expectSound(await runGuest(tsvmmCommand(wish), BENCH_RAM << 20, GUEST_TIMEOUT_MS));
    },
    GUEST_TIMEOUT_MS,
  );
}, ['kvm']);
