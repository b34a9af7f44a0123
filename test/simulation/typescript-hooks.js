import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { patched, readPatch } from './patch.js';

const ROOT = new URL('../../', import.meta.url);
/** What was compiled before, by its text: most processes live a single seed, and compiling takes longer than that. */
const COMPILED = new URL('node_modules/.cache/simulation/', ROOT);
mkdirSync(COMPILED, { recursive: true });
const require = createRequire(import.meta.url);
const { version } = require('@swc/core/package.json');
/**
 * Packages of this repository by name, as Jest and tsconfig.specs.json map them.
 *
 * @type {readonly { name: RegExp, path: string }[]}
 */
const PACKAGES = [
  { name: /^@seatbook\/test-support\/(.+)$/, path: 'test/support/src/$1.ts' },
  { name: /^@seatbook\/simulator$/, path: 'apps/simulator/src/index.ts' },
  { name: /^@seatbook\/(apple|mdm)\/formats$/, path: 'libs/$1/src/formats.ts' },
  { name: /^@seatbook\/store-(.+)$/, path: 'libs/stores/$1/src/index.ts' },
  { name: /^@seatbook\/([^/]+)$/, path: 'libs/$1/src/index.ts' },
];

/** A bug that is planted into the sources as they are loaded; the files stay as they are. */
const planted = process.env.PLANTED ? readPatch(process.env.PLANTED) : [];

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  for (const { name, path } of PACKAGES) {
    if (name.test(specifier))
      return { url: new URL(specifier.replace(name, path), ROOT).href, shortCircuit: true };
  }
  if (specifier.startsWith('.') && context.parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(url)) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const name = relative(fileURLToPath(ROOT), path);
  const text = patched(name, readFileSync(path, 'utf8'), planted);
  return { format: 'module', source: compiled(path, text), shortCircuit: true };
}

/**
 * @param {string} path
 * @param {string} text
 */
function compiled(path, text) {
  const hash = createHash('sha256').update(`${version} ${path} ${text}`).digest('hex');
  const kept = new URL(`${hash}.js`, COMPILED);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  // Loading the compiler takes as long as loading the product does.
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(text, {
    filename: path,
    sourceMaps: 'inline',
    jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true }, keepClassNames: true },
    module: { type: 'es6' },
  });
  // Other processes compile the same file: each sees it whole, or not at all.
  const own = new URL(`${hash}.${process.pid}`, COMPILED);
  writeFileSync(own, code);
  renameSync(own, kept);
  return code;
}
