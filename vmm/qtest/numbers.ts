const MOST = (1n << 64n) - 1n;

/** A number in the notation of C: decimal, octal with 0 before it, hexadecimal with 0x. Undefined for what is none, or needs more than 64 bits. */
export function parseNumber(text: string): bigint | undefined {
  if (text.length > 32) return undefined;
  let value: bigint;
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) value = BigInt(text.toLowerCase());
  else if (/^0[0-7]*$/.test(text)) value = BigInt(`0o${text}`);
  else if (/^[1-9][0-9]*$/.test(text)) value = BigInt(text);
  else return undefined;
  return value <= MOST ? value : undefined;
}
