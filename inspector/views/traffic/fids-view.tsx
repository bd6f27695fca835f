/** The fids of a 9P session on the tree of names they are on, with the objects of the host behind them. */
import { useState } from 'preact/hooks';
import { printable } from '../../../trace/event-text.ts';
import type { SessionModel } from '../../model/fids.ts';
import { childrenOf, type FidModel, type NameId, type NameModel } from '../../model/name-tree.ts';
import { count, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { VirtualList } from '../../page/virtual-list.tsx';
import { EventLink } from './event-link.tsx';
import { NoRequests } from './no-requests.tsx';

/** Microseconds after which a name without fids is as faint as it becomes. */
const FADES_OVER = 2_000_000;
/** It stays legible on either background. */
const FAINTEST = 0.7;

interface TreeRow {
  readonly name: NameModel;
  readonly depth: number;
  /** Fids at or below it. */
  readonly held: boolean;
}

/** The view. */
export function FidsView(props: ViewProps) {
  const { model, selection } = props;
  const session = model.sessions.fids.sessions.find(({ device }) => device === selection.device);
  const [chosen, setChosen] = useState<NameId>();
  const [idle, setIdle] = useState(true);
  if (session === undefined) {
    return (
      <NoRequests
        model={model}
        device={selection.device}
        shows="the names the guest walked to are here, with the fids that stand for them"
      />
    );
  }
  const rows = rowsOf(session, selection.filter.toLowerCase(), idle);
  const at = rows.findIndex(({ name }) => name.id === chosen);
  const name = rows[at]?.name;
  return (
    <div class="split">
      <section class="split-main">
        <div class="bar">
          <span>
            {session.version || 'no version agreed'}
            <span class="quiet"> msize {count(session.msize)}</span>
          </span>
          <span class="quiet">
            {count(session.fidCount)} fids on {count(session.count)} names
            {session.notKept > 0 && `; ${count(session.notKept)} fids more are not shown`}
          </span>
          <label class="check">
            <input type="checkbox" checked={idle} onChange={({ currentTarget }) => setIdle(currentTarget.checked)} />
            names without fids
          </label>
        </div>
        {rows.length === 0 ? (
          <p class="quiet">
            {selection.filter === ''
              ? 'Nobody is attached: a Tattach makes the first fid, the root.'
              : 'No name is like that.'}
          </p>
        ) : (
          <>
            <div class="list-head row quiet" aria-hidden="true">
              <span class="name-cell">name, and the fids on it</span>
              <span class="qid-cell">qid.path</span>
            </div>
            <VirtualList
              label="Names and fids"
              count={rows.length}
              chosen={at}
              onChoose={(index) => setChosen(rows[index]?.name.id)}
              row={(index) => <Row row={rows[index]} session={session} now={model.time} />}
            />
          </>
        )}
      </section>
      {name !== undefined && (
        <section class="split-side">
          <NameDetail name={name} session={session} {...props} />
        </section>
      )}
    </div>
  );
}

/** The tree in lines: names that contain the text, those above them, and fids alone if wanted. */
function rowsOf(session: SessionModel, text: string, idle: boolean): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (name: NameModel, depth: number): { held: boolean; found: boolean } => {
    const at = rows.length;
    rows.push({ name, depth, held: false });
    let held = name.fids.length > 0;
    let found = text === '' || name.name.toLowerCase().includes(text) || name.fids.some((fid) => `fid=${fid}` === text);
    const below = childrenOf(session, name).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const child of below) {
      const inside = add(child, depth + 1);
      held ||= inside.held;
      found ||= inside.found;
    }
    if (!found || (!idle && !held)) rows.length = at;
    else rows[at] = { name, depth, held };
    return { held, found };
  };
  for (const root of session.roots) {
    const name = session.names[root];
    if (name !== undefined) add(name, 0);
  }
  return rows;
}

interface RowProps {
  readonly row: TreeRow | undefined;
  readonly session: SessionModel;
  readonly now: number;
}

function Row({ row, session, now }: RowProps) {
  if (row === undefined) return null;
  const { name, depth, held } = row;
  const faint = held ? 1 : Math.max(FAINTEST, 1 - (now - name.touched) / FADES_OVER / 2);
  return (
    <span class="name-row">
      <span
        class={name.gone === undefined ? 'name-cell' : 'name-cell gone'}
        style={{ paddingLeft: `${depth * 16}px`, opacity: String(faint) }}
      >
        {titleOf(name)}
        {name.gone !== undefined && <span class="quiet"> {name.gone}</span>}
      </span>
      <span class="fids-cell">
        {name.fids.map((fid) => (
          <span key={fid} class={session.fids[fid]?.opened === undefined ? 'fid' : 'fid opened'}>
            {fid}
            {session.fids[fid]?.opened !== undefined && <small> {shortMode(session.fids[fid]?.opened ?? '')}</small>}
          </span>
        ))}
      </span>
      <span class="number quiet qid-cell" title="qid.path">
        {name.qid?.path}
      </span>
    </span>
  );
}

function titleOf({ name, root, qid }: NameModel): string {
  if (root === 'attach') return name === '' ? '/' : printable(name);
  if (root === 'auth') return `authentication ${printable(name)}`;
  if (root === 'unknown') return 'a file from before';
  return printable(name) + (((qid?.type ?? 0) & 0x80) !== 0 ? '/' : '');
}

/** Reads, writes, or both: what there is room for in a row. */
function shortMode(opened: string): string {
  if (opened.startsWith('xattr')) return 'xattr';
  if (/RDWR/.test(opened)) return 'rw';
  return /WR/.test(opened) ? 'w' : 'r';
}

interface NameDetailProps extends Pick<ViewProps, 'select' | 'selection'> {
  readonly name: NameModel;
  readonly session: SessionModel;
}

function NameDetail({ name, session, select }: NameDetailProps) {
  const { qid, mode, size, calls, by, gone } = name;
  return (
    <article class="event-detail" aria-label={`Name ${titleOf(name)}`}>
      <h2 class="path">{pathOf(session, name)}</h2>
      {gone !== undefined && (
        <p class="warm">
          {gone === 'removed' ? 'It was removed' : 'Another file took its name'} while a fid was on it; the fid still
          holds it.
        </p>
      )}
      <table class="data">
        <tbody>
          {qid !== undefined && (
            <>
              <Line name="qid.path">{qid.path}</Line>
              <Line name="qid.version">{qid.version}</Line>
              <Line name="qid.type">{qidType(qid.type)}</Line>
            </>
          )}
          {mode !== undefined && <Line name="mode">{mode}</Line>}
          {size !== undefined && <Line name="size">{size} bytes</Line>}
          <Line name="last request">
            <EventLink event={by} view="timeline" select={select} />
          </Line>
        </tbody>
      </table>
      <h3>{name.fids.length === 0 ? 'No fid is on it' : 'Fids'}</h3>
      {name.fids.map((fid) => {
        const held = session.fids[fid];
        return held && <FidPart key={fid} fid={held} select={select} />;
      })}
      <h3>{calls.length === 0 ? 'No system call was seen on it' : 'Last system calls on it'}</h3>
      <ul class="calls">
        {calls.map(({ event, text, result }) => (
          <li key={event}>
            <code class={result < 0 ? 'bad' : undefined}>
              {printable(text)} = {result}
            </code>{' '}
            <EventLink event={event} view="timeline" select={select} />
          </li>
        ))}
      </ul>
    </article>
  );
}

function FidPart({ fid, select }: { readonly fid: FidModel; readonly select: ViewProps['select'] }) {
  const { opened, since, uses, bytesRead, bytesWritten, event, last } = fid;
  return (
    <table class="data">
      <caption>
        fid {fid.fid}{' '}
        <button
          type="button"
          class="link"
          onClick={() => select({ view: 'conversation', filter: `fid=${fid.fid}`, event: undefined })}
        >
          its messages
        </button>
      </caption>
      <tbody>
        <Line name="open">{opened ?? 'no'}</Line>
        <Line name="since">
          {seconds(since)} s <EventLink event={event} view="timeline" select={select} />
        </Line>
        <Line name="named by">
          {count(uses)} requests, last <EventLink event={last} view="timeline" select={select} />
        </Line>
        {bytesRead + bytesWritten > 0 && (
          <Line name="bytes">
            {count(bytesRead)} read, {count(bytesWritten)} written
          </Line>
        )}
      </tbody>
    </table>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="mono">{children}</td>
    </tr>
  );
}

function pathOf(session: SessionModel, name: NameModel): string {
  const parts: string[] = [];
  for (let at: NameModel | undefined = name; at !== undefined; at = session.names[at.parent ?? 0]) {
    parts.unshift(at.root === undefined ? printable(at.name) : at.root === 'attach' ? '' : titleOf(at));
  }
  return parts.join('/') || '/';
}

/** Bits of a qid's type. @spec Plan 9 stat(5), 9P2000.u */
const QID_TYPES: readonly (readonly [number, string])[] = [
  [0x80, 'directory'],
  [0x40, 'append only'],
  [0x20, 'exclusive use'],
  [0x08, 'authentication'],
  [0x02, 'symbolic link'],
];

function qidType(type: number): string {
  return QID_TYPES.flatMap(([bit, word]) => ((type & bit) === 0 ? [] : [word])).join(', ') || 'file';
}
