/**
 * Who may use the thread pool. Libuv has four threads for the whole process unless told otherwise, and a file that answers
 * late (of a FUSE file system, a throttled or a dying disk) keeps one for each request that waits for it: a client that
 * reads ahead would leave none for anybody else. So each file has but two at a time, and the rest of its requests wait here.
 */

/** Threads that one file may keep. */
const AT_ONCE = 2;

/** The requests of one file. */
interface Line {
  underWay: number;
  readonly waiting: (() => void)[];
}

/** The turns of all files. */
export class PoolTurns {
  private readonly lines = new Map<string, Line>();

  /** Runs `work` once it is the turn of this file's request, in the order of asking. */
  run<T>(file: string, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(file) ?? { underWay: 0, waiting: [] };
    this.lines.set(file, line);
    if (line.underWay < AT_ONCE) return this.start(file, line, work);
    return new Promise((resolve, reject) => {
      line.waiting.push(() => void this.start(file, line, work).then(resolve, reject));
    });
  }

  private async start<T>(file: string, line: Line, work: () => Promise<T>): Promise<T> {
    line.underWay++;
    try {
      return await work();
    } finally {
      line.underWay--;
      const next = line.waiting.shift();
      if (next !== undefined) next();
      else if (line.underWay === 0) this.lines.delete(file);
    }
  }
}

/** The pool is the process's, and so are its turns. */
export const poolTurns = new PoolTurns();
