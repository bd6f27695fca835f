import { nearest } from '../options/nearest.ts';
import type { DomainDraft } from './domain-draft.ts';
import type { XmlElement } from './xml-tree.ts';

/** What becomes of an element: one of these, or several. */
export interface ElementRow {
  /** Takes what it says; refuses or gives notice where that cannot be had. */
  readonly read?: (element: XmlElement, draft: DomainDraft) => void;
  /** The elements in it. */
  readonly children?: ElementTable;
  /** It is not done; the rest of the sentence says what is done instead. */
  readonly instead?: string;
  /** Why nothing need be said though nothing is done: it changes nothing a guest could tell, or is so in any case. */
  readonly silent?: string;
}

/** Elements by their names. */
export type ElementTable = Readonly<Record<string, ElementRow>>;

/** Reads the elements in `parent` by their table, in the order they are written; one that has no row is named and left out. */
export function readChildren(parent: XmlElement, table: ElementTable, draft: DomainDraft): void {
  for (const element of parent.children) {
    const row = Object.hasOwn(table, element.name) ? table[element.name] : undefined;
    if (row === undefined) {
      const near = nearest(element.name, Object.keys(table));
      draft.notice(element, `is unknown here and left out${near === undefined ? '' : `; did you mean <${near}>?`}`);
      continue;
    }
    if (row.instead !== undefined) draft.notice(element, row.instead);
    row.read?.(element, draft);
    if (row.children !== undefined) readChildren(element, row.children, draft);
  }
}
