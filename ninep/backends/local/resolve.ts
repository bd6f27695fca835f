import { RESOLVE } from 'node-hostfs';

/** No component is ever followed, so nothing a client or a host program swaps in can lead out of the directory. */
export const STRICTLY_BELOW = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;

/** For '..', which leaves the directory but goes through no link. */
export const NO_LINKS = RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;
