import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = [
  'bytes',
  'node-kvm',
  'node-hostfs',
  'ninep',
  'devices',
  'trace',
  'inspector',
  'workbench',
  'vmm',
  'tests',
  'examples',
  'bench',
  'labs',
  'docs',
] as const;
type Folder = (typeof FOLDERS)[number];

/** Who may import whom, by folder. `only` narrows a permission to the files it names. */
const MAY_IMPORT: Record<Folder, readonly { readonly from: Folder; readonly only?: RegExp; readonly file?: RegExp }[]> =
  {
    bytes: [],
    'node-kvm': [],
    'node-hostfs': [],
    ninep: [{ from: 'bytes' }, { from: 'node-hostfs', only: /^ninep\/backends\/local\// }],
    devices: [
      { from: 'bytes' },
      {
        from: 'ninep',
        only: /^devices\/virtio\/p9-(device(\.test)?|queues\.test)\.ts$/,
        file: /^ninep\/frame-handler\.ts$/,
      },
    ],
    trace: [{ from: 'bytes' }, { from: 'ninep' }, { from: 'devices' }],
    inspector: [{ from: 'bytes' }, { from: 'ninep' }, { from: 'devices' }, { from: 'trace' }],
    workbench: [{ from: 'bytes' }, { from: 'ninep' }, { from: 'devices' }, { from: 'trace' }, { from: 'inspector' }],
    vmm: [
      { from: 'bytes' },
      { from: 'ninep' },
      { from: 'devices' },
      { from: 'trace' },
      { from: 'inspector', file: /^inspector\/(protocol\.ts|model\/)/ },
      { from: 'node-hostfs' },
      { from: 'node-kvm', only: /^vmm\/(accelerators\/(kvm\/|choose)|host\/)/ },
    ],
    tests: FOLDERS.map((from) => ({ from })),
    examples: [{ from: 'vmm' }, { from: 'node-kvm' }],
    // A measurement looks at whatever it measures; nothing but the tests looks at one.
    bench: FOLDERS.map((from) => ({ from })),
    labs: [
      { from: 'bytes' },
      { from: 'ninep' },
      { from: 'devices' },
      { from: 'trace' },
      { from: 'docs', file: /^docs\/labs\/lab\.ts$/ },
    ],
    // What a learner writes sees the labs' own words alone, which for lab 6 are those of recordings.
    docs: [{ from: 'trace', only: /^docs\/labs\/lab\.ts$/ }],
  };

/** What has to load in a browser: no `node:` import and no native package. */
const BROWSER = [
  /^bytes\//,
  /^devices\//,
  /^trace\//,
  /^inspector\//,
  /^workbench\//,
  /^ninep\/(?!backends\/local\/)/,
  /^vmm\/(accelerator|memory-map|machine|guest|guest-parts|share-session|browser)\.ts$/,
  /^vmm\/(browser|control)\//,
  /^vmm\/boot\/(?!kernel-file|unpack)/,
  /^vmm\/accelerators\/software\/(?!node-host|.*test)/,
];

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** Project file it names, relative to the root, if it is one of ours. */
  readonly target: string | undefined;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|dist|build)\//.test(file));
}

const PACKAGES: Record<string, string> = {
  'node-kvm': 'node-kvm/index.ts',
  'node-hostfs': 'node-hostfs/index.ts',
  tsvmm: 'vmm/index.ts',
};

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^'"`;]*?from\s+)?'([^']+)'/gm)) {
    found.push(entry(file, match[2] ?? '', match[1] !== undefined));
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) found.push(entry(file, match[1] ?? '', false));
  return found;
}

function entry(file: string, specifier: string, typeOnly: boolean): Import {
  const target = specifier.startsWith('.')
    ? relative(root, resolve(root, dirname(file), specifier))
    : PACKAGES[specifier];
  return { file, specifier, typeOnly, target };
}

const files = FOLDERS.flatMap(sources);
const imports = files.flatMap(importsOf);
const isTest = (file: string) => /\.test\.ts$/.test(file) || file.startsWith('tests/');

describe('architecture', () => {
  test('every folder has sources and the scan sees their imports', () => {
    for (const folder of FOLDERS.filter((name) => name !== 'examples')) {
      expect(files.filter((file) => file.startsWith(`${folder}/`)).length).toBeGreaterThan(0);
    }
    expect(imports.length).toBeGreaterThan(100);
  });

  test('folders import only what the table allows', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === undefined) return false;
      const [from, to] = [file.split('/')[0] as Folder, target.split('/')[0] as Folder];
      if (from === to || (isTest(file) && to === 'tests')) return false;
      return !MAY_IMPORT[from].some(
        (rule) => rule.from === to && (rule.only?.test(file) ?? true) && (rule.file?.test(target) ?? true),
      );
    });
    expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  });

  test('what must load in a browser imports nothing of Node', () => {
    const wrong = imports.filter(
      ({ file, specifier, typeOnly }) =>
        !isTest(file) &&
        !typeOnly &&
        BROWSER.some((pattern) => pattern.test(file)) &&
        (specifier.startsWith('node:') || specifier === 'node-kvm' || specifier === 'node-hostfs'),
    );
    expect(wrong.map(({ file, specifier }) => `${file} -> ${specifier}`)).toEqual([]);
  });

  test('no cycles', () => {
    const next = new Map<string, string[]>();
    for (const { file, target, typeOnly } of imports) {
      if (target !== undefined && !typeOnly) next.set(file, [...(next.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('every import of ours names a file that exists', () => {
    const known = new Set(files);
    expect(
      imports
        .filter(({ target }) => target !== undefined && !known.has(target))
        .map((i) => `${i.file} -> ${i.specifier}`),
    ).toEqual([]);
  });

  test('no source file is longer than 400 lines', () => {
    const native = ['node-kvm/native', 'node-hostfs/native'].flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    );
    const long = [...files, ...native].filter(
      (file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401,
    );
    expect(long).toEqual([]);
  });
});
