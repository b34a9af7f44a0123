import { register } from 'node:module';

/** `node --import ./test/process/newer-build.js PROGRAM` runs a build in which the pairs have a version of their own. */
register('./newer-build-hooks.js', import.meta.url);
