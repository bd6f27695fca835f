/** One `key=value` of an option string; `value` is undefined for a bare `key`. */
export interface OptionPair {
  readonly key: string;
  readonly value: string | undefined;
}

/**
 * Splits a QEMU option string such as `local,path=/srv,readonly` into its pairs, in order. A comma inside a value is
 * written twice; the first `=` ends the key. Elements may be empty: the caller answers that.
 */
export function splitOptionString(string: string): OptionPair[] {
  const elements: string[] = [];
  let element = '';
  for (let at = 0; at < string.length; at++) {
    if (string[at] !== ',') element += string[at];
    else if (string[at + 1] === ',') {
      element += ',';
      at++;
    } else {
      elements.push(element);
      element = '';
    }
  }
  return [...elements, element].map((text) => {
    const equals = text.indexOf('=');
    return equals < 0 ? { key: text, value: undefined } : { key: text.slice(0, equals), value: text.slice(equals + 1) };
  });
}
