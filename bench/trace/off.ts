import { loop } from './loop.ts';

await loop();
process.exit(0);
