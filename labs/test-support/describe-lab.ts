/** The tests every lab has: its solution passes, the untouched exercise gets its first hint, wrong ones the right diagnosis. */
import { describe, expect, test } from '@jest/globals';
import { type Change, judgeChanged, judgeUntouched } from './wrong-solution.ts';

/** A wrong solution: what it does, how it differs from the right one, what has to be said of it. */
export type WrongSolution = readonly [
  what: string,
  changes: readonly Change[],
  said: { readonly wrong: RegExp; readonly next?: RegExp; readonly spec?: RegExp; readonly about?: RegExp },
];

/** For a machine that does other things as well. */
const TIMEOUT_MS = 300_000;

/** Defines them. */
export function describeLab(
  lab: number,
  { untouched, wrong }: { readonly untouched: RegExp; readonly wrong: readonly WrongSolution[] },
): void {
  describe(`lab ${lab}`, () => {
    test(
      'the solution passes',
      async () => {
        const { finding, thrown } = await judgeChanged(lab, []);
        expect([finding, thrown]).toEqual([undefined, undefined]);
      },
      TIMEOUT_MS,
    );

    test(
      'the exercise as it comes gets a first hint',
      async () => {
        expect((await judgeUntouched(lab)).finding?.wrong).toMatch(untouched);
      },
      TIMEOUT_MS,
    );

    test(
      'a file that exports something else is told so',
      async () => {
        const { finding } = await judgeChanged(lab, [['export default', 'export const kept =']]);
        expect(finding?.wrong).toMatch(/export/);
      },
      TIMEOUT_MS,
    );

    test.each(wrong)(
      '%s',
      async (_, changes, said) => {
        const { finding, about } = await judgeChanged(lab, changes);
        expect(finding?.wrong).toMatch(said.wrong);
        if (said.next !== undefined) expect(finding?.next).toMatch(said.next);
        if (said.spec !== undefined) expect(finding?.spec).toMatch(said.spec);
        if (said.about !== undefined) expect(about).toMatch(said.about);
      },
      TIMEOUT_MS,
    );
  });
}
