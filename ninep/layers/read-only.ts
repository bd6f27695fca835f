import { type Backend, type MaybeAsync, type Node, type OpenFile, QID_TYPE } from '../backend.ts';
import { ACCESS_MODE, OPEN_FLAGS } from '../constants.ts';
import { fail } from '../errno.ts';
import { after } from '../maybe-async.ts';
import { LayerFile } from './layer-file.ts';
import { LayerNode } from './layer-node.ts';

/** Shows a tree to clients that can change nothing in it: whatever would is EROFS. */
export function readOnly(backend: Backend): Backend {
  return {
    driver: backend.driver,
    attach: (credential) => after(backend.attach(credential), (node) => new ReadOnlyNode(node)),
    close: () => backend.close(),
  };
}

class ReadOnlyNode extends LayerNode {
  protected wrap(inner: Node): LayerNode {
    return new ReadOnlyNode(inner);
  }

  protected isSibling(): boolean {
    return true;
  }

  override open(flags: number): MaybeAsync<OpenFile> {
    const changes = (flags & ACCESS_MODE.mask) !== ACCESS_MODE.O_RDONLY || (flags & OPEN_FLAGS.O_TRUNC) !== 0;
    if (changes) return fail((this.qid.type & QID_TYPE.dir) === 0 ? 'EROFS' : 'EISDIR');
    return super.open(flags);
  }

  protected override wrapFile(file: OpenFile): OpenFile {
    return new ReadOnlyFile(file);
  }

  override setattr(): never {
    return fail('EROFS');
  }

  override create(): never {
    return fail('EROFS');
  }

  override mkdir(): never {
    return fail('EROFS');
  }

  override mknod(): never {
    return fail('EROFS');
  }

  override symlink(): never {
    return fail('EROFS');
  }

  override link(): never {
    return fail('EROFS');
  }

  override rename(): never {
    return fail('EROFS');
  }

  override unlink(): never {
    return fail('EROFS');
  }

  override removeSelf(): never {
    return fail('EROFS');
  }

  override renameSelf(): never {
    return fail('EROFS');
  }

  override setxattr(): never {
    return fail('EROFS');
  }

  override removexattr(): never {
    return fail('EROFS');
  }
}

/** A file's attributes can be changed through an open file as well, however it was opened. */
class ReadOnlyFile extends LayerFile {
  protected override change(): never {
    return fail('EROFS');
  }
}
