import type { HttpServer } from './exchange.js';

interface Route {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Which methods an address accepts, to distinguish a wrong method from a wrong address. */
export class AllowedMethods {
  readonly #routes = new Map<string, Route>();

  constructor(server: HttpServer) {
    server.addHook('onRoute', ({ url, method }) => {
      const route = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const one of [method].flat()) route.methods.add(one);
      this.#routes.set(url, route);
    });
  }

  /** Methods that the path takes, in alphabetical order; empty for an address where there is nothing. */
  at(path: string): readonly string[] {
    // An address of its own goes before one that has a parameter in its place.
    const own = this.#routes.get(path);
    const routes = own ? [own] : [...this.#routes.values()].filter(({ pattern }) => pattern.test(path));
    const methods = routes.flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[A-Za-z]+/g, '[^/]+')
      .replace(/\\\*$/, '.*')}/?$`,
  );
