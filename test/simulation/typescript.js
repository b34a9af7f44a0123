import { register } from 'node:module';

/** `node --import ./test/simulation/typescript.js FILE.ts` runs the sources as they are, without a build. */
register('./typescript-hooks.js', import.meta.url);
