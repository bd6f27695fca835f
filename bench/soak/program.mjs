// Programs for the guest, made here: each runs the same code at the same addresses, and only a constant tells them apart. So
// one that was replaced, and whose old translation is still executed, prints the old result.

const [LOAD_ADDRESS, RESULT_LENGTH, ROUNDS] = [0x0804_8000, 9, 20_000];
const START = 0x1234_5678;
const PAGE = 4096;
/** The code's page, and one that `makeReader` reads into. */
const FILE_LENGTH = 2 * PAGE;
const BUFFER = LOAD_ADDRESS + PAGE;
const word = (value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const long = (value) => [...word(value), 0, 0, 0, 0];
const half = (value) => [value & 0xff, value >>> 8];

/** What differs between the processors: the ELF header's size, and the system calls that print and exit. */
const KINDS = {
  i386: {
    headers: 52 + 32,
    // mov eax,3; xor ebx,ebx; mov ecx,buffer; mov edx,page; int 0x80
    read: (buffer) => [0xb8, ...word(3), 0x31, 0xdb, 0xb9, ...word(buffer), 0xba, ...word(PAGE), 0xcd, 0x80],
    // mov eax,4; mov ebx,1; mov ecx,buffer; mov edx,length; int 0x80; mov eax,1; xor ebx,ebx; int 0x80
    end: (buffer) => [
      ...[0xb8, ...word(4), 0xbb, ...word(1), 0xb9, ...word(buffer), 0xba, ...word(RESULT_LENGTH), 0xcd, 0x80],
      ...[0xb8, ...word(1), 0x31, 0xdb, 0xcd, 0x80],
    ],
    header: (entry, size) => [
      ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, ...long(0), ...half(2), ...half(3), ...word(1), ...word(entry)],
      ...[
        ...word(52),
        ...word(0),
        ...word(0),
        ...half(52),
        ...half(32),
        ...half(1),
        ...half(0),
        ...half(0),
        ...half(0),
      ],
      ...[...word(1), ...word(0), ...word(LOAD_ADDRESS), ...word(LOAD_ADDRESS), ...word(size), ...word(size)],
      ...[...word(7), ...word(0x1000)],
    ],
  },
  x86_64: {
    headers: 64 + 56,
    // xor eax,eax; xor edi,edi; mov esi,buffer; mov edx,page; syscall
    read: (buffer) => [0x31, 0xc0, 0x31, 0xff, 0xbe, ...word(buffer), 0xba, ...word(PAGE), 0x0f, 0x05],
    // mov eax,1; mov edi,1; mov esi,buffer; mov edx,length; syscall; mov eax,60; xor edi,edi; syscall
    end: (buffer) => [
      ...[0xb8, ...word(1), 0xbf, ...word(1), 0xbe, ...word(buffer), 0xba, ...word(RESULT_LENGTH), 0x0f, 0x05],
      ...[0xb8, ...word(60), 0x31, 0xff, 0x0f, 0x05],
    ],
    header: (entry, size) => [
      ...[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, ...long(0), ...half(2), ...half(62), ...word(1), ...long(entry)],
      ...[
        ...long(64),
        ...long(0),
        ...word(0),
        ...half(64),
        ...half(56),
        ...half(1),
        ...half(0),
        ...half(0),
        ...half(0),
      ],
      ...[...word(1), ...word(7), ...long(0), ...long(LOAD_ADDRESS), ...long(LOAD_ADDRESS), ...long(size)],
      ...[...long(size), ...long(0x1000)],
    ],
  },
};

/** mov ecx,rounds; again: add eax,constant; rol eax,5; sub ecx,1; jnz again. The constant is the word at offset 6. */
const loop = (constant) => [
  ...[0xb9, ...word(ROUNDS), 0x05, ...word(constant), 0xc1, 0xc0, 5, 0x83, 0xe9, 1, 0x75, 256 - 13],
];

/** mov edi,buffer; mov esi,8; next: mov edx,eax; and edx,15; add edx,'a'; mov [edi],dl; add edi,1; shr eax,4; sub esi,1; jnz next */
const letters = [
  ...[0xbf, ...word(BUFFER), 0xbe, ...word(8), 0x89, 0xc2, 0x83, 0xe2, 15, 0x83, 0xc2, 0x61, 0x88, 0x17],
  ...[0x83, 0xc7, 1, 0xc1, 0xe8, 4, 0x83, 0xee, 1, 0x75, 256 - 21, 0xc6, 0x07, 10],
];

function file(arch, code) {
  const { headers, header } = KINDS[arch];
  const bytes = Buffer.alloc(FILE_LENGTH);
  bytes.set([...header(LOAD_ADDRESS + headers, FILE_LENGTH), ...code]);
  return bytes;
}

/** A program: its file, what it prints, and where in the file the constant lies. */
export function makeProgram(arch, constant) {
  const { headers, end } = KINDS[arch];
  const start = [0xb8, ...word(START)];
  const bytes = file(arch, [...start, ...loop(constant), ...letters, ...end(BUFFER)]);
  return { bytes, prints: printed(computed(START, constant)), constantAt: headers + start.length + 6 };
}

/**
 * A program that reads code from its standard input, a page at a time and always to the same place, and calls it. The
 * device puts each page there by itself, so the CPU has to be told that what it translated is gone.
 */
export function makeReader(arch) {
  const { read, end } = KINDS[arch];
  // again: read; test eax,eax; jle done; mov ecx,buffer; call ecx; jmp again; done: mov eax,ebp
  const again = [...read(BUFFER), 0x85, 0xc0, 0x7e, 9, 0xb9, ...word(BUFFER), 0xff, 0xd1, 0xeb];
  const code = [0xbd, ...word(START), ...again, 256 - again.length - 1, 0x89, 0xe8, ...letters, ...end(BUFFER)];
  return file(arch, code);
}

/** Pages of code for the reader, one for each constant, and what it prints for them. */
export function makePages(constants) {
  const bytes = Buffer.alloc(constants.length * PAGE);
  // mov eax,ebp; the loop; mov ebp,eax; ret
  for (const [at, constant] of constants.entries())
    bytes.set([0x89, 0xe8, ...loop(constant), 0x89, 0xc5, 0xc3], at * PAGE);
  return { bytes, prints: printed(constants.reduce(computed, START)) };
}

/** What the loop makes of `value`. */
function computed(value, constant) {
  let result = value;
  for (let round = 0; round < ROUNDS; round++) {
    result = (result + constant) >>> 0;
    result = ((result << 5) | (result >>> 27)) >>> 0;
  }
  return result;
}

/** The letters a to p for the hexadecimal digits, the lowest first. */
function printed(value) {
  return Array.from({ length: 8 }, (_, at) => String.fromCharCode(0x61 + ((value >>> (4 * at)) & 15))).join('');
}
