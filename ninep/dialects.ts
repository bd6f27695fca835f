import type { MaybeAsync } from './backend.ts';
import type { Call } from './call.ts';
import { type AnyBody, allCodecs, type Codec, codecOf } from './codec.ts';
import type { Handlers } from './handlers.ts';
import type { MessageName } from './messages.ts';
import { attachOps } from './ops/attach.ts';
import { attrOps } from './ops/attr.ts';
import { dirOps } from './ops/dir.ts';
import { ioOps } from './ops/io.ts';
import { linkOps } from './ops/link.ts';
import { lockOps } from './ops/lock.ts';
import { openOps } from './ops/open.ts';
import { versionOps } from './ops/version.ts';
import { walkOps } from './ops/walk.ts';
import { xattrOps } from './ops/xattr.ts';

/** A request of a dialect: how it is taken apart, served and answered. */
export interface Operation {
  readonly request: Codec;
  readonly reply: Codec;
  run(call: Call, body: AnyBody): MaybeAsync<AnyBody>;
}

/** One variant of the protocol, as Tversion names it. */
export interface Dialect {
  readonly version: string;
  /** By the request's type byte; undefined for what the dialect does not have. */
  readonly operations: readonly (Operation | undefined)[];
  /** The reply to a request that failed. */
  readonly error: { readonly codec: Codec; body(errno: number): AnyBody };
}

const handlers: Handlers = {
  ...versionOps,
  ...attachOps,
  ...walkOps,
  ...openOps,
  ...ioOps,
  ...attrOps,
  ...dirOps,
  ...linkOps,
  ...lockOps,
  ...xattrOps,
};

/** A handler whose body type the table of operations forgets; the codec beside it makes exactly that body. */
interface Runner {
  run(call: Call, body: AnyBody): MaybeAsync<AnyBody>;
}

function operationsOf(): (Operation | undefined)[] {
  const operations: (Operation | undefined)[] = new Array(256).fill(undefined);
  for (const request of allCodecs()) {
    const { name } = request;
    if (!isRequest(name)) continue;
    const runner: Runner = { run: handlers[name] };
    operations[request.type] = { request, reply: codecOf(replyName(name)), run: runner.run };
  }
  return operations;
}

function isRequest(name: MessageName): name is keyof Handlers {
  return Object.hasOwn(handlers, name);
}

function replyName(name: keyof Handlers): MessageName {
  for (const codec of allCodecs()) if (codec.name === `R${name.slice(1)}`) return codec.name;
  throw new Error(`${name} has no reply`);
}

/** 9P2000.L, which Linux speaks. */
export const DIALECT_L: Dialect = {
  version: '9P2000.L',
  operations: operationsOf(),
  error: { codec: codecOf('Rlerror'), body: (errno) => ({ ecode: errno }) },
};

const DIALECTS: readonly Dialect[] = [DIALECT_L];

/**
 * The dialect for the version a client asks for: the one of that name, or the one named by what stands before the first
 * dot, or none. @spec Plan 9 version(5)
 */
export function dialectFor(version: string): Dialect | undefined {
  const base = version.split('.')[0];
  return DIALECTS.find((known) => known.version === version) ?? DIALECTS.find((known) => known.version === base);
}
