/** Finds out where a worker thread is that does not come back: a debugger of its own process stops it and looks. */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { SourceMap } from 'node:module';
import { pathToFileURL } from 'node:url';

/** A line and a column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a debugger says of itself that is of use here. */
interface DebuggerMessage {
  readonly method?: string;
  readonly params?: {
    readonly scriptId?: string;
    readonly url?: string;
    readonly callFrames?: readonly {
      readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number };
    }[];
  };
}

/** Longest wait for a thread to stop, in milliseconds: one that waits for a promise runs nothing that could be stopped. */
const PATIENCE_MS = 4000;

/**
 * The innermost place of `program`, a module with an inline source map, that the worker of this process which was started from
 * `script` is at; undefined where it is in none.
 */
export async function placeOfWorker(script: string, program: string): Promise<Place | undefined> {
  const [scriptUrl, url] = [script, program].map((path) => pathToFileURL(path).href);
  const session = new Session();
  session.connect();
  const held = new Set<string>();
  let messages = 0;
  const send = (sessionId: string, method: string): void => {
    messages += 1;
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id: messages, method }) });
  };
  try {
    const at = await new Promise<Place | undefined>((found) => {
      const timer = setTimeout(() => found(undefined), PATIENCE_MS);
      const scripts = new Map<string, string>();
      session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
        // Others, some of them Node's own, would be stopped at what they do next, for good.
        if (workerInfo.url !== scriptUrl) return;
        held.add(sessionId);
        for (const method of ['Debugger.enable', 'Debugger.pause']) send(sessionId, method);
      });
      session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
        const { method, params = {} } = JSON.parse(message) as DebuggerMessage;
        if (method === 'Debugger.scriptParsed') scripts.set(params.scriptId ?? '', params.url ?? '');
        if (method !== 'Debugger.paused') return;
        const frame = params.callFrames?.find(({ location }) => scripts.get(location.scriptId) === url);
        clearTimeout(timer);
        // A thread that a debugger holds cannot be ended.
        send(sessionId, 'Debugger.resume');
        found(frame && { line: frame.location.lineNumber, column: frame.location.columnNumber });
      });
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    });
    return at && original(program, at);
  } finally {
    // One that ran nothing until now would be stopped when it does.
    for (const sessionId of held) send(sessionId, 'Debugger.disable');
    session.disconnect();
  }
}

/** The same place in the file the program was made of. */
function original(program: string, { line, column }: Place): Place | undefined {
  const [, encoded] =
    /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(readFileSync(program, 'utf8')) ?? [];
  if (encoded === undefined) return undefined;
  const entry = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))).findEntry(line, column);
  return 'originalLine' in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : undefined;
}
