import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { cpioArchive } from './cpio.ts';

/** The QEMU other servers are compared with, which interprets its guest: it needs no KVM. */
const QEMU = 'qemu-system-i386';
const HELPER = fileURLToPath(new URL('xattr.c', import.meta.url));

/** Why there is no QEMU to compare with; undefined if there is one. */
export const withoutQemu =
  spawnSync(QEMU, ['--version']).status === 0 ? undefined : `${QEMU} is not installed: apt-get install qemu-system-x86`;

/** A directory that QEMU exports. */
export interface QemuShare {
  readonly path: string;
  readonly tag: string;
  readonly securityModel: string;
}

/**
 * Boots our 32-bit guest kernel in QEMU with its own 9p devices, runs a script of busybox's shell as process 1, and gives what
 * the guest wrote to its console. `work` is a directory for files of this one run. Rejects when that takes longer than
 * `timeoutMs`; the process is gone then.
 */
export async function runInQemu(script: string, shares: readonly QemuShare[], work: string, timeoutMs: number) {
  const [kernel, { root }] = [await ensureKernel({ arch: 'i386' }), await ensureRoot({ arch: 'i386' })];
  const helper = join(work, 'xattr');
  const gcc = ['-m32', '-Os', '-ffreestanding', '-fno-pic', '-fno-stack-protector', '-nostdlib', '-static', '-no-pie'];
  execFileSync('gcc', [...gcc, '-o', helper, HELPER]);
  const initrd = join(work, 'initrd');
  writeFileSync(initrd, archive(script, join(root, 'bin/busybox'), helper));
  const devices = shares.flatMap(({ path, tag, securityModel }) => [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=${securityModel}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ]);
  const machine = ['-M', 'pc', '-accel', 'tcg', '-m', '128', '-nodefaults', '-no-user-config', '-display', 'none'];
  const boot = ['-serial', 'stdio', '-no-reboot', '-kernel', kernel.bzImage, '-initrd', initrd];
  const append = ['-append', 'console=ttyS0 quiet panic=-1 rdinit=/init'];
  return output(spawn(QEMU, [...machine, ...boot, ...append, ...devices]), timeoutMs);
}

function archive(script: string, busybox: string, helper: string): Uint8Array {
  const directories = ['bin', 'dev', 'proc', 'mnt'].map((name) => ({ name, mode: 0o040755 }));
  return cpioArchive([
    ...directories,
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'bin/busybox', mode: 0o100755, content: readFileSync(busybox) },
    { name: 'bin/sh', mode: 0o120777, content: Buffer.from('busybox') },
    { name: 'bin/xattr', mode: 0o100755, content: readFileSync(helper) },
    { name: 'init', mode: 0o100755, content: Buffer.from(script) },
  ]);
}

function output(child: ChildProcess, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr?.on('data', (piece: Buffer) => pieces.push(piece));
    const text = () => Buffer.concat(pieces).toString('latin1').replaceAll('\r', '');
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`QEMU did not end in ${timeoutMs} ms; it wrote:\n${text()}`));
    }, timeoutMs);
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text());
    });
  });
}
