/** Where a bare kernel is loaded, in bytes: where Linux is too. */
const LOAD_ADDRESS = 0x100_0000n;
const CODE_OFFSET = 0x1000;

/**
 * A vmlinux of a few bytes of machine code, entered as Linux is, for what no real kernel does on purpose.
 *
 * @spec ELF-64 Object File Format §3 ELF Header, §6 Program Header; System V ABI, ELF Header, Program Header
 */
export function bareKernel(code: readonly number[], bits: 32 | 64 = 64): Uint8Array {
  return bits === 64 ? elf64(code) : elf32(code);
}

function elf32(code: readonly number[]): Uint8Array {
  const file = new Uint8Array(CODE_OFFSET + code.length);
  const view = new DataView(file.buffer);
  const address = Number(LOAD_ADDRESS);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 3, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, address, true);
  view.setUint32(28, 52, true);
  view.setUint16(40, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, 1, true);
  [1, CODE_OFFSET, address, address, code.length, code.length, 5, 0x1000].forEach((word, index) => {
    view.setUint32(52 + 4 * index, word, true);
  });
  file.set(code, CODE_OFFSET);
  return file;
}

function elf64(code: readonly number[]): Uint8Array {
  const file = new Uint8Array(CODE_OFFSET + code.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, LOAD_ADDRESS, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(72, BigInt(CODE_OFFSET), true);
  view.setBigUint64(80, LOAD_ADDRESS, true);
  view.setBigUint64(88, LOAD_ADDRESS, true);
  view.setBigUint64(96, BigInt(code.length), true);
  view.setBigUint64(104, BigInt(code.length), true);
  view.setBigUint64(112, 0x1000n, true);
  file.set(code, CODE_OFFSET);
  return file;
}
