import type { MaybeAsync } from './backend.ts';
import type { Call } from './call.ts';
import type { ReplyBody, RequestBody, RequestName } from './messages.ts';
import type { Version } from './versions.ts';

/** Serves one kind of request: returns the reply's fields, now or later, or throws an Errno. */
export type Handler<N extends RequestName> = (call: Call, body: RequestBody<N>) => MaybeAsync<ReplyBody<N>>;

/** A handler for every request that dialect `V` has in the message table; leaving one out does not compile. */
export type Handlers<V extends Version = '9P2000.L'> = { readonly [N in RequestName<V>]: Handler<N> };

/**
 * Serves one kind of request of 9P2000.L from the bytes of its fields, without values and objects made of them: the length of
 * the reply, which it has written, or 0 where it has done nothing and the general way is to be taken. Fails as that would.
 */
export type DirectHandler = (call: Call) => number;

/** What is worth it. Each does the same as the handler of that name, which a test holds it to. */
export type DirectHandlers = { readonly [N in RequestName]?: DirectHandler };
