import type { Backend, Node, OpenFile } from '../backend.ts';
import { after } from '../maybe-async.ts';

/** What is behind the nodes of deferred backends. */
const behind = new WeakMap<object, Node>();

/**
 * A backend that answers everything later, as one does whose disk is slow: `turn` says when. For tests of what must hold
 * while requests overlap.
 */
export function deferred(backend: Backend, turn: () => Promise<void>): Backend {
  return {
    driver: backend.driver,
    attach: (credential) => turn().then(() => after(backend.attach(credential), (node) => deferNode(node, turn))),
    close: () => backend.close(),
  };
}

/** Calls that make no sense later, since the core expects their answer at once or not at all. */
const AT_ONCE: readonly unknown[] = ['readdir'];

function deferNode(node: Node, turn: () => Promise<void>): Node {
  const proxy = deferCalls(node, turn, (result) => deferResult(result, turn));
  behind.set(proxy, node);
  return proxy;
}

function deferCalls<T extends object>(target: T, turn: () => Promise<void>, wrap: (result: unknown) => unknown): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== 'function') return value;
      const call = (given: unknown[]) => value.apply(object, given.map(inner));
      if (AT_ONCE.includes(key)) return (...given: unknown[]) => call(given);
      return (...given: unknown[]) =>
        turn()
          .then(() => call(given))
          .then((result) => turn().then(() => wrap(result)));
    },
  });
}

function inner(value: unknown): unknown {
  return value instanceof Object ? (behind.get(value) ?? value) : value;
}

/** Nodes and files in what an operation returns are deferred as well. */
function deferResult(result: unknown, turn: () => Promise<void>): unknown {
  if (!(result instanceof Object)) return result;
  if (isNode(result)) return deferNode(result, turn);
  if (isFile(result)) return deferCalls(result, turn, (value) => value);
  if (!('node' in result)) return result;
  const { node } = result;
  const file = 'file' in result ? result.file : undefined;
  return {
    ...result,
    ...(isNode(node) ? { node: deferNode(node, turn) } : {}),
    ...(isFile(file) ? { file: deferCalls(file, turn, (value) => value) } : {}),
  };
}

function isNode(value: unknown): value is Node {
  return value instanceof Object && 'walk' in value;
}

function isFile(value: unknown): value is OpenFile {
  return value instanceof Object && 'getlock' in value;
}
