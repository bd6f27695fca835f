import type { Progress } from '../fixtures/progress.ts';

/** Progress whose display is loaded when there is something to show: a start with everything made does not pay for it. */
export function lazyProgress(load: () => Promise<Progress>): Progress {
  let queue: Promise<Progress> | undefined;
  const later = (act: (progress: Progress) => void): void => {
    queue = (queue ?? load()).then((progress) => {
      act(progress);
      return progress;
    });
  };
  return {
    step: (name, total) => later((progress) => progress.step(name, total)),
    update: (done) => later((progress) => progress.update(done)),
    done: () => {
      if (queue !== undefined) later((progress) => progress.done());
    },
  };
}
