/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith('/asset/pairs-model.js')) return loaded;
  const source = String(loaded.source);
  if (!/\bversion: \d+,/.test(source)) throw new Error(`${url} has no version to raise`);
  return { ...loaded, source: source.replace(/\bversion: \d+,/, 'version: 1000,') };
}
