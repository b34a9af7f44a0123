import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
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

/** A bug that is planted into all sources as they are loaded; the files stay as they are. */
const EVERYWHERE = process.env.PLANTED ? readPatch(process.env.PLANTED) : [];
/** @type {Map<string, import('./patch.js').Change[]>} */
const patches = new Map();

/** Folders of packages, by that of the package that uses them. @type {Map<string, string[]>} */
const used = new Map();

/**
 * The bug that is planted into what is loaded from there. With `?planted=` a file may be loaded any number of times in one
 * process, each with another bug; so is what it imports of this repository, as far as that rests on what the bug changes.
 *
 * @param {URL} url
 */
function plantedIn({ searchParams }) {
  const file = searchParams.get('planted');
  if (file === null) return EVERYWHERE;
  const patch = patches.get(file) ?? readPatch(file);
  patches.set(file, patch);
  return patch;
}

/** Its path from the root of the repository. @param {URL} url */
const nameOf = (url) => relative(fileURLToPath(ROOT), fileURLToPath(url));

/** @param {string} path */
const packageOf = (path) => path.replace(/\/src\/.*/, '');

/**
 * Whether a package is one of those that are changed, or uses one.
 *
 * @param {string} folder
 * @param {ReadonlySet<string>} changed
 * @returns {boolean}
 */
function restsOn(folder, changed) {
  return changed.has(folder) || usedBy(folder).some((other) => restsOn(other, changed));
}

/** @param {string} folder */
function usedBy(folder) {
  const known = used.get(folder);
  if (known) return known;
  const { dependencies = {} } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, ROOT), 'utf8'));
  const folders = Object.keys(dependencies)
    .filter((name) => name.startsWith('@seatbook/'))
    .map((name) => relative(fileURLToPath(ROOT), realpathSync(new URL(`node_modules/${name}`, ROOT))));
  used.set(folder, folders);
  return folders;
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const from = new URL(context.parentURL ?? ROOT);
  const url = sourceOf(specifier, from);
  if (url === null) return next(specifier, context);
  if (url.search === '' && from.search !== '') {
    const changed = new Set(plantedIn(from).map(({ name }) => packageOf(name)));
    if (restsOn(packageOf(nameOf(url)), changed)) url.search = from.search;
  }
  return { url: url.href, shortCircuit: true };
}

/**
 * Null: it is none of this repository.
 *
 * @param {string} specifier
 * @param {URL} from
 */
function sourceOf(specifier, from) {
  for (const { name, path } of PACKAGES) {
    if (name.test(specifier)) return new URL(specifier.replace(name, path), ROOT);
  }
  if (!specifier.startsWith('.') || !from.pathname.endsWith('.ts')) return null;
  const url = new URL(specifier.replace(/\.js(?=$|\?)/, '.ts'), from);
  return existsSync(fileURLToPath(url)) ? url : null;
}

/** @type {import('node:module').LoadHook} */
export function load(href, context, next) {
  const url = new URL(href);
  if (!url.pathname.endsWith('.ts')) return next(href, context);
  const path = fileURLToPath(url);
  const text = patched(nameOf(url), readFileSync(path, 'utf8'), plantedIn(url));
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
