import { createRequire } from 'node:module';
import { UsageError } from '../usage-error.ts';

/** An element of a document. */
export interface XmlElement {
  /** With its prefix, as written. */
  readonly name: string;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, without blanks around it. */
  readonly text: string;
}

/** What a document may have; a domain that libvirt writes stays far below. */
export const XML_LIMITS = { characters: 2 ** 20, depth: 32, elements: 10_000 } as const;

/** When it is needed: loading it takes longer than all of the command line. */
const load = createRequire(import.meta.url);

interface OpenElement {
  readonly name: string;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Reads a document into a tree. There is no document type definition, and so no entity but the five every document has and
 * characters by number: nothing can be fetched, and nothing grows.
 *
 * @param name what the document is called in errors
 * @throws UsageError, one line with the place, for what is not well-formed, has a document type or is beyond `XML_LIMITS`
 */
export function parseXml(text: string, name: string): XmlElement {
  if (text.length > XML_LIMITS.characters) {
    throw new UsageError(`${name}: has ${text.length} characters; a domain has at most ${XML_LIMITS.characters}`);
  }
  const { SaxesParser } = load('saxes') as typeof import('saxes');
  const parser = new SaxesParser();
  const refuse = (line: string): never => {
    throw new UsageError(`${name}:${parser.line}: ${line}`);
  };
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  let line = 1;
  parser.on('error', (error) => refuse(error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')));
  parser.on('doctype', () => refuse('a document type is not taken: leave out <!DOCTYPE'));
  parser.on('opentagstart', () => {
    line = parser.line;
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    if (elements > XML_LIMITS.elements) refuse(`there are more than ${XML_LIMITS.elements} elements`);
    if (open.length >= XML_LIMITS.depth) refuse(`elements are nested more than ${XML_LIMITS.depth} deep`);
    open.push({
      name: tag.name,
      line,
      attributes: new Map(Object.entries(tag.attributes)),
      children: [],
      text: '',
    });
  });
  const characters = (part: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += part;
  };
  parser.on('text', characters);
  parser.on('cdata', characters);
  parser.on('closetag', () => {
    const closed = open.pop();
    if (closed === undefined) return;
    const element = { ...closed, text: closed.text.trim() };
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  parser.write(text).close();
  return root ?? refuse('there is no element');
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}
