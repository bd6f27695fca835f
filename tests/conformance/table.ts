/** The table of requirements as it stands in devices/README.md. */
import { posix } from 'node:path';
import type { PlacedRequirement, State } from './requirement.ts';

const BEGIN = '<!-- conformance: made by `npm run conformance`, not by hand -->';
const END = '<!-- end of conformance -->';
/** The README's folder, from which its links go. */
const FROM = 'devices';

/** Parts of the table by the beginning of the section's number. */
const CHAPTERS = [
  ['2.', 'Basic facilities'],
  ['3.', 'Initialization'],
  ['4.1', 'Virtio over PCI'],
  ['4.2', 'Virtio over MMIO'],
  ['5.2', 'Block device'],
  ['5.3', 'Console device'],
  ['5.4', 'Entropy device'],
  ['6.', 'Reserved feature bits'],
] as const;

/** How many requirements are in each state. */
export function countStates(requirements: readonly PlacedRequirement[]): Record<State['kind'], number> {
  const counts = { shown: 0, 'not applicable': 0, 'not met': 0 };
  for (const { state } of requirements) counts[state.kind] += 1;
  return counts;
}

/** The README with its table replaced. @throws Error when it has no place for one. */
export function withTable(readme: string, requirements: readonly PlacedRequirement[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README has no lines "${BEGIN}" and "${END}"`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${renderTable(requirements)}\n${readme.slice(end)}`;
}

/** The table with its summary, as Markdown. */
export function renderTable(requirements: readonly PlacedRequirement[]): string {
  const chapters = CHAPTERS.map(([prefix, title]) => {
    const rows = requirements.filter(({ id }) => id.startsWith(prefix));
    return { prefix, title, rows, counts: countStates(rows) };
  });
  const all = countStates(requirements);
  const summary = [
    '| part | requirements | shown | not applicable | not met |',
    '|---|---|---|---|---|',
    ...chapters.map(
      ({ prefix, title, rows, counts }) =>
        `| ${prefix.replace(/\.$/, '')} ${title} | ${rows.length} | ${counts.shown} | ${counts['not applicable']} | ${counts['not met']} |`,
    ),
    `| all | ${requirements.length} | ${all.shown} | ${all['not applicable']} | ${all['not met']} |`,
  ];
  const details = chapters.map(({ prefix, title, rows }) =>
    [
      `<details><summary>${prefix.replace(/\.$/, '')} ${title}</summary>`,
      '',
      '| id | section | requirement | state | test, or why not |',
      '|---|---|---|---|---|',
      ...rows.map(row),
      '',
      '</details>',
      '',
    ].join('\n'),
  );
  return `${summary.join('\n')}\n\n${details.join('\n')}`;
}

function row({ id, section, text, state }: PlacedRequirement): string {
  return `| ${id} | ${cell(section.title)} | ${cell(text)} | ${state.kind} | ${answer(state)} |`;
}

function answer(state: State): string {
  if (state.kind !== 'shown') return cell(state.why);
  return state.by
    .map(({ file, title }) => `[${posix.basename(file)}](${posix.relative(FROM, file)}): ${cell(title)}`)
    .join('; ');
}

/** Text that breaks no table. */
function cell(text: string): string {
  return text.replace(/[|\\<>*`]/g, '\\$&');
}
