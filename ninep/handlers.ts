import type { MaybeAsync } from './backend.ts';
import type { Call } from './call.ts';
import type { ReplyBody, RequestBody, RequestName } from './messages.ts';

/** Serves one kind of request: returns the reply's fields, now or later, or throws an Errno. */
export type Handler<N extends RequestName> = (call: Call, body: RequestBody<N>) => MaybeAsync<ReplyBody<N>>;

/** A handler for every request in the message table; leaving one out does not compile. */
export type Handlers = { readonly [N in RequestName]: Handler<N> };
