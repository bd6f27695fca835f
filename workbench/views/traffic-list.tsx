/** A request through the queue, step by step or at once. */
import { KICK, PUBLISH, place, send, TAKE } from '../actions/traffic.ts';
import { frameOf } from '../compose/draft.ts';
import { readFrame } from '../compose/frame.ts';
import type { Workbench } from '../workbench.ts';

/** @param onWrite shows where the message is written */
export function TrafficList({ workbench, onWrite }: { readonly workbench: Workbench; readonly onWrite: () => void }) {
  const { draft } = workbench;
  return (
    <section class="group" aria-label="Request">
      <h2>A request</h2>
      <p>
        <code class="frame-text">{draftText(workbench)}</code>{' '}
        <button type="button" class="link" onClick={onWrite}>
          write it
        </button>
      </p>
      <ol class="steps">
        <li>
          <button
            type="button"
            name="place"
            title={place(new Uint8Array(0)).doc}
            onClick={() => void workbench.withDraft(place)}
          >
            <span class="mark" />
            {place(new Uint8Array(0)).title}
          </button>
        </li>
        {[PUBLISH, KICK, TAKE].map((action) => (
          <li key={action.key}>
            <button type="button" name={action.key} title={action.doc} onClick={() => void workbench.do(action)}>
              <span class="mark" />
              {action.title}
            </button>
          </li>
        ))}
      </ol>
      <div class="line">
        <button type="button" name="send" title="S" onClick={() => void workbench.withDraft(send)}>
          Send {draft.hex === undefined ? draft.message : 'the bytes'} <kbd>S</kbd>
        </button>
      </div>
    </section>
  );
}

/** The message being written in the words of the table, or why it is none. */
export function draftText({ draft }: Workbench): string {
  try {
    return readFrame(frameOf(draft), draft.version).text;
  } catch (error) {
    return error instanceof RangeError ? error.message : String(error);
  }
}
