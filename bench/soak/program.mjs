// Programs for the guest, made here: each runs the same code at the same addresses, and only a constant tells them apart. So
// one that was replaced, and whose old translation is still executed, prints the old result.

const [LOAD_ADDRESS, RESULT_LENGTH, ROUNDS] = [0x0804_8000, 9, 20_000];
const START = 0x1234_5678;
const word = (value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const long = (value) => [...word(value), 0, 0, 0, 0];
const half = (value) => [value & 0xff, value >>> 8];

/** What differs between the processors: the ELF header's size, and the system calls that print and exit. */
const KINDS = {
  i386: {
    headers: 52 + 32,
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

/** A program: its file, what it prints, and where in the file the constant lies. */
export function makeProgram(arch, constant) {
  const { headers, header, end } = KINDS[arch];
  // mov eax,start; mov ecx,rounds
  const before = [0xb8, ...word(START), 0xb9, ...word(ROUNDS)];
  // again: add eax,constant; rol eax,5; sub ecx,1; jnz again
  const loop = [0x05, ...word(constant), 0xc1, 0xc0, 5, 0x83, 0xe9, 1, 0x75, 256 - 13];
  // mov edi,buffer; mov esi,8; next: mov edx,eax; and edx,15; add edx,'a'; mov [edi],dl; add edi,1; shr eax,4; sub esi,1; jnz next
  const letters = (buffer) => [
    ...[0xbf, ...word(buffer), 0xbe, ...word(8), 0x89, 0xc2, 0x83, 0xe2, 15, 0x83, 0xc2, 0x61, 0x88, 0x17],
    ...[0x83, 0xc7, 1, 0xc1, 0xe8, 4, 0x83, 0xee, 1, 0x75, 256 - 21, 0xc6, 0x07, 10],
  ];
  const code = (buffer) => [...before, ...loop, ...letters(buffer), ...end(buffer)];
  const size = headers + code(0).length;
  const whole = size + RESULT_LENGTH;
  const entry = LOAD_ADDRESS + headers;
  const bytes = [...header(entry, whole), ...code(LOAD_ADDRESS + size), ...new Array(RESULT_LENGTH).fill(0)];
  return { bytes: Buffer.from(bytes), prints: result(constant), constantAt: headers + before.length + 1 };
}

/** What the loop computes, as the letters a to p for its hexadecimal digits, the lowest first. */
function result(constant) {
  let value = START;
  for (let round = 0; round < ROUNDS; round++) {
    value = (value + constant) >>> 0;
    value = ((value << 5) | (value >>> 27)) >>> 0;
  }
  return Array.from({ length: 8 }, (_, at) => String.fromCharCode(0x61 + ((value >>> (4 * at)) & 15))).join('');
}
