import type { Backend, Node, OpenFile, Qid } from '../backend.ts';
import { fail } from '../errno.ts';

/** A qid of a plain file, for tests. */
export const STUB_QID: Qid = { type: 0, version: 0, path: 1n };

const refuse = (): never => fail('ENOSYS');

/** A node that refuses everything with ENOSYS, but for what a test gives it and for `release`. */
export function stubNode(given: Partial<Node> = {}): Node {
  return {
    qid: STUB_QID,
    clone: () => stubNode(given),
    walk: refuse,
    getattr: refuse,
    setattr: refuse,
    statfs: refuse,
    open: refuse,
    create: refuse,
    mkdir: refuse,
    mknod: refuse,
    symlink: refuse,
    readlink: refuse,
    link: refuse,
    rename: refuse,
    unlink: refuse,
    removeSelf: refuse,
    renameSelf: refuse,
    getxattr: refuse,
    listxattr: refuse,
    setxattr: refuse,
    removexattr: refuse,
    release() {},
    ...given,
  };
}

/** An open file that refuses everything with ENOSYS, but for what a test gives it and for `release`. */
export function stubFile(given: Partial<OpenFile> = {}): OpenFile {
  return {
    qid: STUB_QID,
    iounit: 0,
    read: refuse,
    write: refuse,
    readdir: refuse,
    fsync: refuse,
    lock: refuse,
    getlock: refuse,
    release() {},
    ...given,
  };
}

/** A backend whose root is that node. */
export function stubBackend(root: Node): Backend {
  return { driver: 'stub', attach: () => root.clone(), close() {} };
}

/** A promise and the two ways to settle it, for operations that must be seen waiting. */
export class Gate<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
