// One worker of the soak: a directory of the share, what should be in it, and rounds of work on it. A round is some changes by the
// host, then a script for the guest, then what that script has to print.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePages, makeProgram, makeReader } from './program.mjs';

const [MOST_FILES, MOST_BYTES, OPERATIONS_PER_ROUND] = [30, 200_000, 8];
const FOLDERS = ['d0', 'd1', 'd2'];
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What `yes WORD | head -c LENGTH` prints. */
const repeated = (word, length) => Buffer.alloc(length, `${word}\n`);
const escaped = (bytes) => Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/**
 * What a round consists of. Those of the host change files at once; those of the guest add lines to its script, and change the
 * model as the script will change the files.
 */
const HOST_OPERATIONS = {
  write(worker) {
    const name = worker.anyOr(() => worker.newName());
    const content = { bytes: worker.content() };
    // In place, so that hard links to it change with it.
    const known = worker.files.get(name) ?? content;
    known.bytes = content.bytes;
    worker.files.set(name, known);
    writeFileSync(worker.path(name), content.bytes);
  },
  replaceProgram(worker) {
    worker.program = makeProgram(worker.arch, worker.random.below(2 ** 32));
    writeFileSync(worker.path('program'), worker.program.bytes, { mode: 0o755 });
    const count = FEWEST_PAGES + worker.random.below(MOST_PAGES - FEWEST_PAGES);
    worker.pages = makePages(Array.from({ length: count }, () => worker.random.below(2 ** 32)));
    writeFileSync(worker.path('pages'), worker.pages.bytes);
  },
};

const [MOST_PAGES, FEWEST_PAGES] = [12, 2];

const GUEST_OPERATIONS = {
  create(worker, script) {
    if (worker.files.size >= MOST_FILES) return GUEST_OPERATIONS.remove(worker, script);
    const [name, word, length] = [worker.newName(), worker.word(), worker.random.below(MOST_BYTES)];
    worker.files.set(name, { bytes: repeated(word, length) });
    script.run(`yes ${word} | head -c ${length} > ${name}`);
  },
  append(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined || file.bytes.length > MOST_BYTES) return GUEST_OPERATIONS.create(worker, script);
    const [word, length] = [worker.word(), worker.random.below(20_000)];
    file.bytes = Buffer.concat([file.bytes, repeated(word, length)]);
    script.run(`yes ${word} | head -c ${length} >> ${name}`);
  },
  truncate(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined) return;
    const length = worker.random.below(MOST_BYTES);
    const bytes = Buffer.alloc(length);
    file.bytes.copy(bytes);
    file.bytes = bytes;
    script.run(`truncate -s ${length} ${name}`);
  },
  rename(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined) return;
    const target = worker.random.below(3) === 0 ? worker.anyOr(() => worker.newName()) : worker.newName();
    // Of two names of one file, rename(2) keeps both.
    if (target === name || worker.files.get(target) === file) return;
    worker.files.delete(name);
    worker.files.set(target, file);
    script.run(`mv -f ${name} ${target}`);
  },
  link(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined || worker.files.size >= MOST_FILES) return;
    const target = worker.newName();
    worker.files.set(target, file);
    script.run(`ln ${name} ${target}`);
  },
  remove(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined) return;
    worker.files.delete(name);
    script.run(`rm ${name}`);
  },
  readBack(worker, script) {
    const [file, name] = worker.any();
    if (file === undefined) return;
    script.run(`sha256sum < ${name}`, `${sha256(file.bytes)}  -`);
  },
  list(worker, script) {
    script.run('find d0 d1 d2 -type f | wc -l', String(worker.files.size));
  },
  sleep(_worker, script) {
    script.run('sleep 0.05');
  },
  execute(worker, script) {
    script.run('./program', worker.program.prints);
  },
  replaceAndExecute(worker, script) {
    const next = makeProgram(worker.arch, worker.random.below(2 ** 32));
    script.run('./program', worker.program.prints);
    script.run(`cp program copy; ${patch('copy', next)}; cat copy > program; ./program`, next.prints);
    worker.program = next;
  },
  readAndExecute(worker, script) {
    script.run('./reader < pages', worker.pages.prints);
  },
  patchInMemory(worker, script) {
    const next = makeProgram(worker.arch, worker.random.below(2 ** 32));
    const file = `/tmp/${worker.name}`;
    script.run(`cp program ${file}; ${file}; ${file}`, worker.program.prints, worker.program.prints);
    script.run(`${patch(file, next)}; ${file}`, next.prints);
  },
};

/** The guest writes the constant of `next` into a program that stays the same file, in the same pages. */
function patch(file, { bytes, constantAt }) {
  const constant = escaped(bytes.subarray(constantAt, constantAt + 4));
  return `printf '${constant}' | dd of=${file} bs=1 seek=${constantAt} conv=notrunc 2>/dev/null`;
}

/** A script for the guest, and what it has to print. */
class Script {
  lines = ['set -e'];
  expected = [];

  run(line, ...prints) {
    this.lines.push(line);
    this.expected.push(...prints);
  }
}

/** A directory of the share that one process of the guest and the host work on in turns. */
export class Worker {
  /** By name: names of one file share the object. */
  files = new Map();
  operations = 0;
  #names = 0;

  constructor({ share, name, random, arch }) {
    Object.assign(this, { share, name, random, arch });
    for (const folder of FOLDERS) mkdirSync(this.path(folder), { recursive: true });
    writeFileSync(this.path('reader'), makeReader(arch), { mode: 0o755 });
    HOST_OPERATIONS.replaceProgram(this);
  }

  path(name) {
    return join(this.share, this.name, name);
  }

  /** One round in the guest. Throws where anything is not as it should be. */
  async round(vm) {
    this.random.of(Object.values(HOST_OPERATIONS))(this);
    const script = new Script();
    for (let i = 0; i < OPERATIONS_PER_ROUND; i++) this.random.of(Object.values(GUEST_OPERATIONS))(this, script);
    const text = script.lines.join('\n');
    const result = await vm.exec(['sh', '-c', text], { cwd: `/mnt/soak/${this.name}` });
    const [stdout, stderr] = [result.stdout, result.stderr].map((bytes) => new TextDecoder().decode(bytes));
    const expected = script.expected.map((line) => `${line}\n`).join('');
    if (result.status !== 0 || stderr !== '' || stdout !== expected) {
      throw new Error(
        `${this.name}: status ${result.status}\n${stderr}--- script\n${text}\n--- expected\n${expected}--- printed\n${stdout}`,
      );
    }
    this.operations += script.lines.length;
    const [file, name] = this.any();
    if (file !== undefined) this.#compare(file, name);
  }

  /** Compares everything in the directory with what should be there. */
  verify() {
    const found = FOLDERS.flatMap((folder) => readdirSync(this.path(folder)).map((name) => `${folder}/${name}`));
    const [there, wanted] = [found.sort().join(' '), [...this.files.keys()].sort().join(' ')];
    if (there !== wanted) throw new Error(`${this.name}: the host sees ${there}; there should be ${wanted}`);
    for (const [name, file] of this.files) this.#compare(file, name);
  }

  content() {
    return repeated(this.word(), this.random.below(MOST_BYTES));
  }

  word() {
    return `w${this.random.below(2 ** 30)}`;
  }

  newName() {
    this.#names++;
    return `${this.random.of(FOLDERS)}/f${this.#names}`;
  }

  /** A file and one of its names, or nothing where there are none. */
  any() {
    if (this.files.size === 0) return [];
    const name = this.random.of([...this.files.keys()]);
    return [this.files.get(name), name];
  }

  anyOr(otherwise) {
    return this.files.size === 0 || this.random.below(2) === 0 ? otherwise() : this.any()[1];
  }

  #compare({ bytes }, name) {
    const there = readFileSync(this.path(name));
    if (!there.equals(bytes))
      throw new Error(
        `${this.name}/${name}: the host reads ${there.length} bytes that are not the ${bytes.length} expected`,
      );
  }
}
