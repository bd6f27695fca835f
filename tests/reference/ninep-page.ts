/** The messages of 9P, from their table. */
import type { WireType } from '../../bytes/wire.ts';
import { CALLS_OF_REQUESTS } from '../../ninep/backends/local/calls-of-requests.ts';
import { codecOfType } from '../../ninep/codec.ts';
import { HEADER_SIZE } from '../../ninep/constants.ts';
import { MESSAGES, type MessageRow, type RequestName } from '../../ninep/messages.ts';
import { REFUSALS, REFUSALS_OF_ANY, type Refusal } from '../../ninep/refusals.ts';
import { formIn, isPresent, VERSIONS, type Version } from '../../ninep/versions.ts';
import { cell, code, link, slug, table } from './markdown.ts';
import { CONSTANTS } from './ninep-constants-page.ts';

const ROWS: readonly MessageRow[] = MESSAGES;
const isError = ({ name }: MessageRow) => name === 'Rlerror' || name === 'Rerror';
const toMessage = (name: string) => link(name, `#${slug(name)}`);

/** The text of the page, without its title. */
export function ninepPage(): string {
  return [
    `Every message begins with \`size[4] type[1] tag[2]\`, ${HEADER_SIZE} bytes: its whole length, which message it is, and which request it belongs to. Numbers are little-endian. \`[s]\` is a count of two bytes and that many bytes, \`[13]\` a ${link('qid', '9p-constants.md#qid')}. T messages are requests, R messages replies; the type of a reply is its request's plus one. They are declared in ${link('ninep/messages.ts', '../../ninep/messages.ts')}.`,
    `Any request may be answered by ${toMessage('Rlerror')} (in 9P2000.L) or ${toMessage('Rerror')} (in 9P2000 and 9P2000.u) instead of its own reply; ${link('9p-errors.md', '9p-errors.md')} has their numbers. Requests and replies are told as ${link('request', 'events.md#request')} and ${link('reply', 'events.md#reply')}, the system calls made for them as ${link('host-call', 'events.md#host-call')}.`,
    indexTable(),
    refusalSection(),
    ...ROWS.map(messageSection),
  ].join('\n\n');
}

function indexTable(): string {
  const rows = ROWS.filter(({ name }) => name.startsWith('T')).map(({ type, name, versions }) => [
    toMessage(name),
    String(type),
    toMessage(replyTo(type).name),
    String(type + 1),
    versions.join(', '),
  ]);
  return table(['request', 'type', 'reply', 'type', 'dialects'], rows);
}

const ANY = 'Errors of any request';
const refusalsOf = (name: string): readonly Refusal[] => REFUSALS[name as RequestName] ?? [];

const callsFor = (name: string) => (CALLS_OF_REQUESTS[name as RequestName] ?? []).map(code);

function refusalSection(): string {
  return `## ${ANY}

What the 9P core checks itself, whatever serves the files; each request has checks of its own as well. Any other error comes from what serves them: of a share of the host, it is that of a system call, as manual pages have them, which the event ${link('host-call', 'events.md#host-call')} names. ${link('ninep/refusals.ts', '../../ninep/refusals.ts')}.

${table(
  ['error', 'when'],
  REFUSALS_OF_ANY.map(({ error, when }) => [code(error), cell(when)]),
)}`;
}

function refusalTable(refusals: readonly Refusal[], versions: readonly Version[]): string {
  const rows = refusals.map(({ error, when, versions: only = versions }) => [
    code(error),
    cell(when),
    only.length === versions.length ? 'all of the message' : only.join(', '),
  ]);
  return table(['error', 'when', 'dialects'], rows);
}

function replyTo(type: number): MessageRow {
  const reply = ROWS.find((row) => row.type === type + 1);
  if (reply === undefined) throw new Error(`no reply to message ${type}`);
  return reply;
}

function messageSection(row: MessageRow): string {
  const { type, name, cite } = row;
  const other = ROWS.find((candidate) => candidate.type === type - 1);
  const counterpart = name.startsWith('T')
    ? `Reply: ${toMessage(replyTo(type).name)}.`
    : isError(row)
      ? 'Reply to any request that fails.'
      : `Reply to ${toMessage(other?.name ?? '')}.`;
  const fields = fieldRows(row);
  return [
    `## ${name}`,
    `Type ${type}. ${counterpart} *${cite}*`,
    forms(row)
      .map(({ versions, notation }) => `- ${versions.join(', ')}: ${code(notation)}`)
      .join('\n'),
    ...(fields.length === 0 ? [] : [table(['field', 'on the wire', 'at least', 'values', 'dialects'], fields)]),
    ...(callsFor(name).length === 0
      ? []
      : [`A share of the host makes ${callsFor(name).join(', ')} for it, and passes on their errors.`]),
    ...(refusalsOf(name).length === 0
      ? []
      : [
          `Refused by the core, besides ${link('as any request', `#${slug(ANY)}`)}:`,
          refusalTable(refusalsOf(name), row.versions),
        ]),
  ].join('\n\n');
}

/** The dialects that have the message, those together in which it looks the same. */
function forms({ type, versions }: MessageRow): { readonly versions: Version[]; readonly notation: string }[] {
  const found = new Map<string, Version[]>();
  for (const version of versions) {
    const notation = codecOfType(type, version)?.notation ?? '';
    found.set(notation, [...(found.get(notation) ?? []), version]);
  }
  return [...found].map(([notation, inVersions]) => ({ versions: inVersions, notation }));
}

function fieldRows(row: MessageRow): string[][] {
  const { fields, versions } = row;
  return Object.entries(fields).map(([name, type]) => {
    const having = versions.filter((version) => isPresent(formIn(type, version)));
    const form = formIn(type, having[0] ?? '9P2000.L');
    return [
      code(name),
      code(cell(form.notation(name))),
      String(form.minimum),
      isError(row) && name !== 'ename' ? link('errors', '9p-errors.md') : valuesOf(type),
      having.length === versions.length ? 'all of the message' : having.join(', '),
    ];
  });
}

/** What values of a field mean, where a table says so. */
function valuesOf(type: WireType<unknown>): string {
  const any = VERSIONS.map((version) => formIn(type, version));
  const told = CONSTANTS.find((entry) => entry.types.some((known) => known === type || any.includes(known)));
  if (told !== undefined) return link(told.title, `9p-constants.md#${slug(told.title)}`);
  return type.optional === true ? 'may be missing' : '';
}
