/** Every rule there is to break, in the order in which they are shown. */
import type { Break } from './break.ts';
import { MESSAGE_BREAKS } from './message-breaks.ts';
import { RING_BREAKS } from './ring-breaks.ts';
import { SETUP_BREAKS } from './setup-breaks.ts';

export const BREAKS: readonly Break[] = [...SETUP_BREAKS, ...RING_BREAKS, ...MESSAGE_BREAKS];
