import type { MaybeAsync } from './backend.ts';
import type { Call } from './call.ts';
import { type AnyBody, allCodecs, type Codec, codecOf, codecOfType } from './codec.ts';
import type { Errno } from './errno.ts';
import type { DirectHandler, DirectHandlers, Handlers } from './handlers.ts';
import type { MessageName, RequestName } from './messages.ts';
import { attachOps, plainAttachOps } from './ops/attach.ts';
import { attrOps } from './ops/attr.ts';
import { dirOps } from './ops/dir.ts';
import { directOps } from './ops/direct.ts';
import { ioOps } from './ops/io.ts';
import { linkOps } from './ops/link.ts';
import { lockOps } from './ops/lock.ts';
import { openOps } from './ops/open.ts';
import { plainCreateOps } from './ops/plain-create.ts';
import { plainOpenOps } from './ops/plain-open.ts';
import { plainReadOps } from './ops/plain-read.ts';
import { statOps } from './ops/stat.ts';
import { versionOps } from './ops/version.ts';
import { walkOps } from './ops/walk.ts';
import { wstatOps } from './ops/wstat.ts';
import { xattrOps } from './ops/xattr.ts';
import type { PlainVersion } from './plan9-modes.ts';
import type { Version } from './versions.ts';

/** A request of a dialect: how it is taken apart, served and answered. */
export interface Operation {
  readonly request: Codec;
  readonly reply: Codec;
  readonly direct?: DirectHandler | undefined;
  run(call: Call, body: AnyBody): MaybeAsync<AnyBody>;
}

/** One variant of the protocol, as Tversion names it. */
export interface Dialect {
  readonly version: Version;
  /** By the request's type byte; undefined for what the dialect does not have. */
  readonly operations: readonly (Operation | undefined)[];
  /** The reply to a request that failed. */
  readonly error: {
    readonly codec: Codec;
    /** Its fields, with at most `room` bytes of text, which is ASCII. */
    body(reason: Errno, room: number): AnyBody;
  };
}

const LINUX: Handlers = {
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

/** 9P2000 and 9P2000.u have the same messages; what bits and fields mean in them is not the same. */
function plainHandlers(version: PlainVersion): Handlers<PlainVersion> {
  return {
    ...versionOps,
    ...plainAttachOps,
    ...walkOps,
    ...plainOpenOps(version),
    ...plainCreateOps(version),
    ...plainReadOps(version),
    Twrite: ioOps.Twrite,
    ...statOps(version),
    ...wstatOps(version),
  };
}

/** A handler whose body type the table of operations forgets; the codec beside it makes exactly that body. */
interface Runner {
  run(call: Call, body: AnyBody): MaybeAsync<AnyBody>;
}

function operationsOf<V extends Version>(
  version: V,
  handlers: Handlers<V>,
  directly: DirectHandlers = {},
): (Operation | undefined)[] {
  const operations: (Operation | undefined)[] = new Array(256).fill(undefined);
  const isRequest = (name: MessageName): name is RequestName<V> => Object.hasOwn(handlers, name);
  for (const request of allCodecs(version)) {
    const { name, type } = request;
    const reply = codecOfType(type + 1, version);
    if (!isRequest(name) || reply === undefined) continue;
    const runner: Runner = { run: handlers[name] };
    operations[type] = { request, reply, run: runner.run, direct: directly[name] };
  }
  return operations;
}

/** 9P2000.L, which Linux speaks. */
export const DIALECT_L: Dialect = {
  version: '9P2000.L',
  operations: operationsOf('9P2000.L', LINUX, directOps),
  error: { codec: codecOf('Rlerror'), body: ({ errno }) => ({ ecode: errno }) },
};

const DIALECTS: readonly Dialect[] = [plainDialect('9P2000'), plainDialect('9P2000.u'), DIALECT_L];

function plainDialect(version: PlainVersion): Dialect {
  return {
    version,
    operations: operationsOf<PlainVersion>(version, plainHandlers(version)),
    error: {
      codec: codecOf('Rerror', version),
      body: ({ errno, text }, room) => ({ ename: text.slice(0, Math.max(room, 0)), errno }),
    },
  };
}

/**
 * The dialect for the version a client asks for: the one of that name, or the one named by what stands before the first
 * dot, or none. @spec Plan 9 version(5)
 */
export function dialectFor(version: string): Dialect | undefined {
  const base = version.split('.')[0];
  return DIALECTS.find((known) => known.version === version) ?? DIALECTS.find((known) => known.version === base);
}
