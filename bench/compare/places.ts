/** Where things of this repository are, wherever this module has been bundled to. */
import { join } from 'node:path';
import { recipeDirectory } from '../../vmm/fixtures/places.ts';

const ROOT = join(recipeDirectory(), '..');

/** The command as users have it. */
export const TSVMM = join(ROOT, 'vmm/bin/tsvmm.js');
/** What has to be built for it. */
export const TSVMM_BUILT = join(ROOT, 'vmm/dist/cli.js');
/** The bare system calls. */
export const BARE_SOURCE = join(ROOT, 'bench/bare/bare.c');
