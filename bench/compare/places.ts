/** Where things of this repository are, wherever this module has been bundled to. */
import { join } from 'node:path';
import { recipeDirectory } from '../../vmm/fixtures/places.ts';

const ROOT = join(recipeDirectory(), '..');

/** The command as users have it. */
export const TSVMM = join(ROOT, 'vmm/bin/tsvmm.js');
/** What has to be built for it. */
export const TSVMM_BUILT = join(ROOT, 'vmm/dist/cli.js');
/** What plays the CPU of a machine without one, and the folder with the rest of its sources. */
export const DRIVER_SOURCES = join(ROOT, 'bench/qtest');
export const GUEST_SOURCES = join(recipeDirectory(), 'bench-guest');
/** The bare system calls. */
export const BARE_SOURCE = join(ROOT, 'bench/bare/bare.c');
