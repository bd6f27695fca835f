import type { WireType } from '../bytes/wire.ts';

/** The dialects, as Tversion names them. @spec Plan 9 version(5), 9P2000.u, 9P2000.L */
export const VERSIONS = ['9P2000', '9P2000.u', '9P2000.L'] as const;
export type Version = (typeof VERSIONS)[number];

/** A field that does not stand in the same form in messages of every dialect. */
interface VersionedType<T> extends WireType<T> {
  readonly forms: Readonly<Record<Version, WireType<T>>>;
}

/** How a field stands in messages of one dialect. */
export function formIn<T>(type: WireType<T>, version: Version): WireType<T> {
  return isVersioned(type) ? type.forms[version] : type;
}

function isVersioned<T>(type: WireType<T>): type is VersionedType<T> {
  return 'forms' in type;
}

/** A field made anew for each dialect; where no dialect is asked for it looks as in 9P2000.L. */
export function inEachVersion<T>(make: (version: Version) => WireType<T>): WireType<T> {
  const forms = { '9P2000': make('9P2000'), '9P2000.u': make('9P2000.u'), '9P2000.L': make('9P2000.L') };
  const versioned: VersionedType<T> = { ...forms['9P2000.L'], forms };
  return versioned;
}

/** A field of these dialects only. In the others it takes no bytes, and what is decoded has the value `otherwise`. */
export function onlyIn<T>(versions: readonly Version[], type: WireType<T>, otherwise: T): WireType<T> {
  const missing = absent(otherwise);
  return inEachVersion((version) => (versions.includes(version) ? type : missing));
}

function absent<T>(value: T): WireType<T> {
  return {
    notation: () => '',
    minimum: 0,
    size: () => 0,
    put() {},
    get: () => value,
    show: () => '',
    samples: [value],
  };
}

/** Whether the field, in the form of one dialect, is in its messages at all. */
export function isPresent(form: WireType<unknown>): boolean {
  return form.notation('field') !== '';
}
