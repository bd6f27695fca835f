/** A 9P message put together, and what was said so far. */
import { useKeys } from '../../inspector/page/keys.ts';
import type { MessageName } from '../../ninep/messages.ts';
import { VERSIONS } from '../../ninep/versions.ts';
import { send } from '../actions/traffic.ts';
import { composable, fieldsOf } from '../compose/composer.ts';
import type { Exchange } from '../compose/conversation.ts';
import { type Draft, draftOf, frameOf } from '../compose/draft.ts';
import { UNTOUCHED } from '../compose/field-text.ts';
import { printable, readFrame, toHex } from '../compose/frame.ts';
import type { Workbench } from '../workbench.ts';
import { draftText } from './traffic-list.tsx';
import { useWorkbench } from './use-workbench.ts';

/** Bytes of a message shown. */
const MOST_BYTES = 512;
/** Bytes in a row. */
const ROW = 16;

/** The view. */
export function NinepView({ workbench }: { readonly workbench: Workbench }) {
  useWorkbench(workbench);
  const { draft, bench } = workbench;
  const doSend = () => void workbench.withDraft(send);
  useKeys('9P', [{ keys: ['S'], doc: 'send the message', run: doSend }]);
  const last = workbench.done.at(-1);
  return (
    <div class="ninep">
      <form
        class="group"
        aria-label="Message"
        onSubmit={(event) => {
          event.preventDefault();
          doSend();
        }}
      >
        <h2>A message</h2>
        <Choice workbench={workbench} draft={draft} />
        <Fields workbench={workbench} draft={draft} />
        <label class="field">
          <span class="quiet">bytes</span>
          <textarea
            name="hex"
            class="mono"
            rows={4}
            spellcheck={false}
            value={hexOf(draft)}
            onInput={({ currentTarget }) => workbench.write({ ...draft, hex: currentTarget.value })}
          />
        </label>
        <p>
          <code>{draftText(workbench)}</code>
          {draft.hex !== undefined && (
            <>
              {' '}
              <button type="button" class="link" onClick={() => workbench.write({ ...draft, hex: undefined })}>
                back to the fields
              </button>
            </>
          )}
        </p>
        <div class="line">
          <label>
            <span class="quiet">room for the reply</span>{' '}
            <input
              name="room"
              class="mono short"
              value={draft.room}
              onInput={({ currentTarget }) => workbench.write({ ...draft, room: currentTarget.value })}
            />
          </label>
          <button type="submit" name="send">
            Send <kbd>S</kbd>
          </button>
        </div>
        {bench.requests === undefined && (
          <p class="warm">There is no queue to send it by: the Driver view sets one up.</p>
        )}
        {last?.problem !== undefined && <p class="warm">{last.problem}</p>}
        {last?.complaints.map(({ text, spec }) => (
          <p key={text} class="bad complaint">
            {text} <cite>{spec}</cite>
          </p>
        ))}
      </form>
      <section class="said" aria-label="Conversation">
        <h2>
          Said so far, in <code>{bench.conversation.version}</code>
        </h2>
        {bench.conversation.exchanges.length === 0 && (
          <p class="quiet">
            Nothing. A client begins with Tversion, then Tattach, which gives it a fid for the root; Twalk goes from
            there.
          </p>
        )}
        {bench.conversation.exchanges.toReversed().map((exchange, index) => (
          <ExchangeEntry key={exchange.number} exchange={exchange} workbench={workbench} newest={index === 0} />
        ))}
      </section>
    </div>
  );
}

function hexOf(draft: Draft): string {
  if (draft.hex !== undefined) return draft.hex;
  try {
    return toHex(frameOf(draft));
  } catch {
    return '';
  }
}

function Choice({ workbench, draft }: { readonly workbench: Workbench; readonly draft: Draft }) {
  return (
    <div class="line">
      <select
        name="message"
        value={draft.message}
        onChange={({ currentTarget }) =>
          workbench.write(draftOf(currentTarget.value as MessageName, draft.version, draft.room))
        }
      >
        {composable(draft.version).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        name="version"
        aria-label="Dialect"
        value={draft.version}
        onChange={({ currentTarget }) => {
          const version = VERSIONS.find((one) => one === currentTarget.value) ?? '9P2000.L';
          const message = composable(version).find((name) => name === draft.message) ?? 'Tversion';
          workbench.write(draftOf(message, version, draft.room));
        }}
      >
        {VERSIONS.map((version) => (
          <option key={version} value={version}>
            {version}
          </option>
        ))}
      </select>
      <label>
        <span class="quiet">tag</span>{' '}
        <input
          name="tag"
          class="mono short"
          value={draft.tag}
          onInput={({ currentTarget }) => workbench.write({ ...draft, tag: currentTarget.value, hex: undefined })}
        />
      </label>
    </div>
  );
}

function Fields({ workbench, draft }: { readonly workbench: Workbench; readonly draft: Draft }) {
  return (
    <>
      {fieldsOf(draft.message, draft.version).map(({ name, notation, ofStat }) => (
        <label key={name} class="field">
          <code class="quiet">{notation}</code>
          <input
            name={`field-${name}`}
            class="mono"
            spellcheck={false}
            placeholder={ofStat === undefined ? undefined : UNTOUCHED}
            value={draft.texts[name] ?? ''}
            onInput={({ currentTarget }) =>
              workbench.write({ ...draft, texts: { ...draft.texts, [name]: currentTarget.value }, hex: undefined })
            }
          />
        </label>
      ))}
    </>
  );
}

interface EntryProps {
  readonly exchange: Exchange;
  readonly workbench: Workbench;
  readonly newest: boolean;
}

/** A request and its reply; the bytes of the newest reply are shown. */
function ExchangeEntry({ exchange, workbench, newest }: EntryProps) {
  const { version } = workbench.bench.conversation;
  return (
    <article class="entry">
      {[exchange.request, exchange.reply].map((frame, index) => (
        <details key={index} open={index === 1 && newest}>
          <summary>
            <span class="what quiet">{index === 0 ? '→' : '←'}</span>{' '}
            <code>{frame.length === 0 ? 'nothing' : readFrame(frame, version).text}</code>
          </summary>
          <HexDump bytes={frame} />
        </details>
      ))}
    </article>
  );
}

/** Rows of sixteen bytes with their place and their text. */
function HexDump({ bytes }: { readonly bytes: Uint8Array }) {
  const shown = bytes.subarray(0, MOST_BYTES);
  const rows = Array.from({ length: Math.ceil(shown.length / ROW) }, (_, row) => row * ROW);
  return (
    <pre class="bytes">
      {rows.map((at) => {
        const some = shown.subarray(at, at + ROW);
        return `${at.toString(16).padStart(4, '0')}  ${toHex(some).padEnd(3 * ROW)} ${printable(some)}\n`;
      })}
      {bytes.length > MOST_BYTES ? `… ${bytes.length} bytes` : ''}
    </pre>
  );
}
