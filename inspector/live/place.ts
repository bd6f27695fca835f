/** Where the program that serves this page is, and the token that opens it. */

/** A server of the inspector. */
export interface Place {
  /** As `http://127.0.0.1:4000`. */
  readonly origin: string;
  readonly token: string;
}

/** The parts of a window that are needed here. */
export interface PlaceWindow {
  readonly location: { readonly origin: string; readonly pathname: string; readonly hash: string };
  readonly sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
}

const KEY = 'tsvmm-inspector-token';

/**
 * Reads the token from the fragment of the address, which no request carries, and takes it away from there: what is copied
 * or shown from the address bar lets nobody in. The tab remembers it. Undefined where there is none.
 */
export function placeOf({ location, sessionStorage, history }: PlaceWindow): Place | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  const token = given ?? sessionStorage.getItem(KEY);
  return token === null ? undefined : { origin: location.origin, token };
}
