/** The bench guest as a program of the host's, which plays the CPU of a machine that has none. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { compile } from './compile.ts';
import { DRIVER_SOURCES, GUEST_SOURCES } from './places.ts';
import { isNamedRam } from './resident.ts';

/** Where what devices read and write lies in the machine's RAM, and in the driver. */
const BUFFERS_ADDRESS = 0x100_0000;
/** Parts of the bench guest that are for a machine of its own; the driver has others in their place. */
const OF_A_MACHINE = ['main.c', 'bus.c', 'memory.c', 'serial.c', 'timer.c'];
const LOOK_MS = 20;

/** Compiles it to `path`. @throws HostError where there is no compiler */
export function buildDriver(path: string): void {
  const sources = (folder: string, but: readonly string[] = []) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.c') && !but.includes(name))
      .map((name) => join(folder, name));
  const flags = ['-std=gnu11', '-Wextra', '-fno-strict-aliasing', '-fno-pie', '-no-pie'];
  const place = `-Wl,--section-start=buffers=0x${BUFFERS_ADDRESS.toString(16)}`;
  const files = [...sources(DRIVER_SOURCES), ...sources(GUEST_SOURCES, OF_A_MACHINE)];
  compile([...flags, place, '-I', GUEST_SOURCES, '-o', path, ...files]);
}

/**
 * The RAM of the machine that is process `pid`, as a file, once it has made it and listens at `socket`; undefined where it ends before
 * that. Rejects once `signal` says so.
 */
export async function ramOf(pid: number, socket: string, signal: AbortSignal): Promise<string | undefined> {
  while (existsSync(`/proc/${pid}/exe`)) {
    const ram = openFiles(pid).find(({ target }) => target.startsWith('/memfd:') && isNamedRam(target));
    if (ram !== undefined && listens(socket)) return ram.path;
    await wait(LOOK_MS, undefined, { signal });
  }
  return undefined;
}

function openFiles(pid: number): { readonly path: string; readonly target: string }[] {
  const folder = `/proc/${pid}/fd`;
  return namesIn(folder).flatMap((name) => {
    try {
      return [{ path: join(folder, name), target: readlinkSync(join(folder, name)) }];
    } catch {
      return [];
    }
  });
}

/** None where the process is gone. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function listens(socket: string): boolean {
  return readFileSync('/proc/net/unix', 'latin1').includes(` ${socket}\n`);
}
