import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { RESERVED_WORDS } from '../../devices/virtio/feature-table.ts';
import { MESSAGES } from '../../ninep/messages.ts';
import { BLOCK_PAGES } from './block-pages.ts';
import { deadLinks, fragmentsOf } from './dead-links.ts';
import { bitRanges, slug } from './markdown.ts';
import { REFERENCE_FOLDER, referencePages } from './pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, REFERENCE_FOLDER);
const pages = referencePages();

describe('the reference', () => {
  test('is as the tables say; npm run docs:reference brings it up to date', () => {
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
    for (const [file, text] of pages)
      expect(`${file}\n${readFileSync(join(folder, file), 'utf8')}`).toBe(`${file}\n${text}`);
  });

  test('has every register block of the devices', () => {
    const declared = readdirSync(join(root, 'devices'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => [
        ...readFileSync(join(root, 'devices', file), 'utf8').matchAll(/ registerBlock(?:<.*>)?\(\s*'([^']+)'/g),
      ])
      .map(([, name]) => name);
    expect(declared.length).toBeGreaterThan(20);
    const shown = BLOCK_PAGES.flatMap(({ blocks }) => blocks.map(({ block }) => block.name));
    expect(shown.sort()).toEqual(declared.sort());
  });

  test('shows the bits of a register, the unnamed ones too', () => {
    const control = /### msix_capability: message_control\n[\s\S]*?\n\n(\|[\s\S]*?)\n\n/.exec(
      pages.get('pci.md') ?? '',
    )?.[1];
    expect(control?.split('\n').slice(2)).toEqual([
      '| 15 | `MSIX_ENABLE` | reads, writes |',
      '| 14 | `FUNCTION_MASK` | reads, writes |',
      '| 13:11 | reserved |  |',
      '| 10:0 | `TABLE_SIZE` | reads |',
    ]);
  });

  test('has registers that follow each other, and differ by a number in their names, in one line', () => {
    expect(pages.get('virtio-devices.md')).toMatch(/\| 0x2 to 0x20 \| 1 \| `tag\[0\]` to `tag\[30\]` \|/);
    expect(pages.get('platform.md')).toMatch(
      /\n\| 0x15 \| 1 \| `base_memory_low` \|.*\n\| 0x16 \| 1 \| `base_memory_high` \|/,
    );
  });

  test('has every message with a link to its counterpart, and says what differs between dialects', () => {
    const text = pages.get('9p.md') ?? '';
    for (const { name } of MESSAGES) expect(fragmentsOf(text)).toContain(name.toLowerCase());
    const attach = /## Tattach\n[\s\S]*?(?=\n## )/.exec(text)?.[0];
    expect(attach).toContain('Reply: [Rattach](#rattach).');
    expect(attach).toContain('- 9P2000: `size[4] Tattach tag[2] fid[4] afid[4] uname[s] aname[s]`');
    expect(attach).toContain(
      '| `n_uname` | `n_uname[4]` | 4 | [User and group numbers](9p-constants.md#user-and-group-numbers) | 9P2000.u, 9P2000.L |',
    );
  });

  test('leads from a feature to the registers that negotiate it', () => {
    const features = /## Feature bits\n[\s\S]*?(?=\n## )/.exec(pages.get('virtio.md') ?? '')?.[0];
    expect(features).toContain('[`driver_feature`](virtio-pci.md#common_cfg)');
    expect(features).toContain(`| 34 | \`RING_PACKED\` | ${RESERVED_WORDS.docs.RING_PACKED} | where asked for |`);
  });
});

describe('links of the documentation', () => {
  test('lead somewhere', () => {
    const documents = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.md'),
    );
    expect(documents.length).toBeGreaterThan(10);
    expect(documents.flatMap((file) => deadLinks(join(root, 'docs', file)))).toEqual([]);
  });

  test('are found dead where file or heading is missing', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-links-'));
    try {
      const page = join(scratch, 'a.md');
      writeFileSync(
        page,
        '# One `two`\n\n[a](#one-two) [b](#three) [c](b.md) [d](a.md#one-two) [e](https://example.org/x)\n',
      );
      expect(deadLinks(page).map((line) => line.split(': ')[1])).toEqual(['#three', 'b.md']);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

test('headings become fragments as GitHub makes them', () => {
  expect(slug('msix_capability: message_control')).toBe('msix_capability-message_control');
  expect(fragmentsOf('# A\n## A\n```\n# no\n```\n')).toEqual(new Set(['a', 'a-1']));
});

test('bits of a mask are ranges, the highest first', () => {
  expect([0xc000n, 0x507n, 0n].map(bitRanges)).toEqual(['15:14', '10, 8, 2:0', '']);
});
