/** A lab as the command runs it: machines to run the exercise on, and rules to judge it by. */
import type { Exercise } from '../docs/labs/lab.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Finding, Rule } from './finding.ts';
import type { LabMachine } from './machine.ts';

/** A machine made for a run, and what the exercise gets of it. */
export interface Prepared<Given> {
  readonly machine: LabMachine;
  readonly given: Given;
}

/** A machine to run the exercise on; `about` says what is special about it. */
export interface Trial<Given> {
  readonly about: string;
  prepare(): Prepared<Given> | Promise<Prepared<Given>>;
}

/** How a run of a lab ended: well, where nothing was found or thrown. */
export interface Verdict {
  readonly finding?: Finding | undefined;
  /** What the exercise threw. */
  readonly thrown?: unknown;
  /** What was special about the machine on which it went wrong, where it went well on another. */
  readonly about?: string | undefined;
  /** Everything that happened on the last machine. */
  readonly events: readonly TraceEvent[];
  /** Number of the last event of the preparation. */
  readonly begun?: number | undefined;
}

/** Judges what an exercise file exports by default. */
export type Check = (exported: unknown) => Promise<Verdict>;

/** A check that runs the exercise on one machine after the other. */
export interface Checks<Given, Answer> {
  readonly trials: readonly Trial<Given>[];
  /** Judge what the exercise did, also where it threw in the middle of it. */
  readonly behaviour: readonly Rule<unknown>[];
  /** Judge what it came to. */
  readonly answer?: readonly Rule<Answer>[];
}

const NO_EXERCISE: Finding = {
  wrong: 'the file does not export a function by default',
  next: "keep the line 'export default ...' of the exercise as it was",
};

/** Runs the exercise on each machine until something is wrong. */
export function checkOn<Given, Answer>({ trials, behaviour, answer = [] }: Checks<Given, Answer>): Check {
  return async (exported) => {
    let events: readonly TraceEvent[] = [];
    let begun = 0;
    if (typeof exported !== 'function') return { finding: NO_EXERCISE, events };
    for (const [index, trial] of trials.entries()) {
      const { machine, given } = await trial.prepare();
      machine.forgetPreparation();
      const about = index === 0 ? undefined : trial.about;
      events = machine.record;
      begun = machine.stream.count;
      const ended = await run(exported as Exercise<Given, Answer>, given);
      await machine.settle();
      machine.stopRecording();
      const finding =
        firstOf(behaviour, machine, undefined) ??
        ('thrown' in ended ? undefined : firstOf(answer, machine, ended.answer));
      if (finding !== undefined || 'thrown' in ended) return { ...ended, finding, about, events, begun };
    }
    return { events, begun };
  };
}

/** Runs an exercise to its end, whatever that is. */
export async function run<Given, Answer>(
  exercise: Exercise<Given, Answer>,
  given: Given,
): Promise<{ readonly answer: Answer } | { readonly thrown: unknown }> {
  try {
    return { answer: await exercise(given) };
  } catch (thrown) {
    return { thrown };
  }
}

/** What the first rule that has something to say says. */
export function firstOf<Answer>(
  rules: readonly Rule<Answer>[],
  machine: LabMachine,
  answer: Answer,
): Finding | undefined {
  for (const rule of rules) {
    const finding = rule({ machine, answer });
    if (finding !== undefined) return finding;
  }
  return undefined;
}
