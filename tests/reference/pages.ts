/** The reference: every page of docs/reference, by its file name. */
import { BLOCK_PAGES, blockPage } from './block-pages.ts';
import { eventsPage } from './events-page.ts';
import { code, link } from './markdown.ts';
import { constantsPage, errorsPage } from './ninep-constants-page.ts';
import { ninepPage } from './ninep-page.ts';
import { virtioPage } from './virtio-page.ts';

interface Page {
  readonly file: string;
  readonly title: string;
  /** What is on it, for the index. */
  readonly holds: string;
  readonly text: string;
}

/** Where it stands, from the root of the repository. */
export const REFERENCE_FOLDER = 'docs/reference';

const NOTE = '<!-- made by `npm run docs:reference`, not by hand -->';

function pages(): readonly Page[] {
  const blocks = BLOCK_PAGES.map((page) => ({
    ...page,
    holds: page.blocks
      .map(({ block }) => link(code(block.name), `${page.file}#${block.name.toLowerCase()}`))
      .join(', '),
    text: blockPage(page),
  }));
  return [
    ...blocks,
    {
      file: 'virtio.md',
      title: 'virtio: status, features, queues',
      holds: 'device status and its moves, feature bits, areas and descriptors of queues, rules a driver can break',
      text: virtioPage(),
    },
    { file: '9p.md', title: '9P messages', holds: 'every message of the three dialects', text: ninepPage() },
    {
      file: '9p-constants.md',
      title: '9P values',
      holds: 'flags, modes, masks and types in messages',
      text: constantsPage(),
    },
    { file: '9p-errors.md', title: '9P errors', holds: 'numbers, names and texts', text: errorsPage() },
    { file: 'events.md', title: 'Events', holds: 'every kind of event of a trace and its fields', text: eventsPage() },
  ];
}

function index(all: readonly Page[]): string {
  const lines = all.map(({ file, title, holds }) => `- ${link(title, file)}: ${holds}.`);
  return `${NOTE}

# Reference

What the tables say that the devices, the 9P core and the traces are made of: offsets, bits, messages, with their specifications. A
page is never edited; \`npm run docs:reference\` writes it anew from the tables, and the tests fail while it says something else.

${lines.join('\n')}
`;
}

/** The text of every file. */
export function referencePages(): ReadonlyMap<string, string> {
  const all = pages();
  return new Map([
    ['README.md', index(all)],
    ...all.map(({ file, title, text }) => {
      const back = link('Reference', 'README.md');
      return [file, `${NOTE}\n\n${back}\n\n# ${title}\n\n${text.trimEnd().replace(/\n{3,}/g, '\n\n')}\n`] as const;
    }),
  ]);
}
