import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What a parallel build does to a directory, as a script for any POSIX shell: each of some processes makes, copies,
 * links, renames and removes files of its own, appends to one file of all under a lock, and unpacks an archive.
 * The tree it leaves is the same whatever order they ran in.
 *
 * @param flock the command that waits for an exclusive lock of descriptor 9.
 */
export function buildWorkload(processes: number, filesEach: number, flock = 'flock 9'): string {
  return `
umask 022
mkdir out obj log && : > log/all && : > log/lock || exit 1
worker() {
  w=$1; mkdir obj/w$w out/w$w tmp$w || return 1
  i=0
  while [ $i -lt ${filesEach} ]; do
    echo "source $w $i" > tmp$w/s$i.c || return 1
    { echo "object $w $i"; cat tmp$w/s$i.c; } > obj/w$w/.s$i.tmp || return 1
    mv obj/w$w/.s$i.tmp obj/w$w/s$i.o || return 1
    case $((i % 5)) in
      0) ln obj/w$w/s$i.o out/w$w/hard$i || return 1 ;;
      1) ln -s ../../obj/w$w/s$i.o out/w$w/soft$i || return 1 ;;
      2) cp obj/w$w/s$i.o out/w$w/copy$i && chmod 750 out/w$w/copy$i || return 1 ;;
      3) rm obj/w$w/s$i.o || return 1 ;;
      4) mkdir out/w$w/d$i && mv obj/w$w/s$i.o out/w$w/d$i/moved || return 1 ;;
    esac
    if [ $((i % 20)) = 0 ]; then
      ( ${flock} || exit 1; n=$(wc -l < log/all); echo "$n" >> log/all ) 9> log/lock || return 1
    fi
    i=$((i + 1))
  done
  tar cf out/w$w.tar -C tmp$w . && mkdir out/w$w/unpacked && tar xf out/w$w.tar -C out/w$w/unpacked || return 1
  rm out/w$w.tar && rm -r tmp$w || return 1
  : > log/done$w
}
p=0
while [ $p -lt ${processes} ]; do worker $p & p=$((p + 1)); done
wait
ls log/done* | wc -l`;
}

/** What that leaves, by path: type, mode, number of names, content or target. */
export function describeTree(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const full = join(root, path);
      const stat = lstatSync(full);
      const { mode, nlink } = stat;
      let what = '';
      if (stat.isFile()) what = createHash('sha256').update(readFileSync(full)).digest('hex');
      if (stat.isSymbolicLink()) what = readlinkSync(full);
      return `${path} ${mode.toString(8)} ${stat.isDirectory() ? '' : nlink} ${what}`;
    });
}

/** Makes a program for i386 guests that does as `flock 9`; one that `holds` keeps the lock until it is killed. */
export function buildFlock(program: string, holds = false): void {
  const source = fileURLToPath(new URL('flock.c', import.meta.url));
  const freestanding = ['-ffreestanding', '-fno-pic', '-fno-stack-protector', '-nostdlib', '-static', '-no-pie'];
  execFileSync('gcc', ['-m32', '-Os', ...freestanding, ...(holds ? ['-DHOLD'] : []), '-o', program, source]);
}
