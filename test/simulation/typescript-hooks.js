import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { patched, readPatch } from './patch.js';

const ROOT = new URL('../../', import.meta.url);
/**
 * Packages of this repository by name, as Jest and tsconfig.specs.json map them.
 *
 * @type {readonly { name: RegExp, path: string }[]}
 */
const PACKAGES = [
  { name: /^@seatbook\/test-support\/(.+)$/, path: 'test/support/src/$1.ts' },
  { name: /^@seatbook\/simulator$/, path: 'apps/simulator/src/index.ts' },
  { name: /^@seatbook\/apple\/formats$/, path: 'libs/apple/src/formats.ts' },
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
  const { code } = transformSync(text, {
    filename: path,
    sourceMaps: 'inline',
    jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true }, keepClassNames: true },
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
