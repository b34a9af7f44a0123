import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 150;
/** A demo that stands still for so long has failed. */
const PATIENCE_MS = 60_000;

/** A server that answers JSON: the product's API, or the switches of the simulator. */
export class DemoClient {
  constructor(
    private readonly root: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#ask<T>('POST', path, JSON.stringify(body));
  }

  /** All items of a list of one page. */
  async items<T>(path: string): Promise<readonly T[]> {
    const separator = path.includes('?') ? '&' : '?';
    return (await this.get<{ items: readonly T[] }>(`${path}${separator}limit=500`)).items;
  }

  /** What a path answers, as soon as it is as wanted. */
  async until<T>(what: string, path: string, isIt: (answer: T) => boolean): Promise<T> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.get<T>(path);
      if (isIt(answer)) return answer;
      if (Date.now() > end) throw new Error(`not within a minute: ${what}`);
      await pause(LOOK_EVERY_MS);
    }
  }

  async #ask<T>(method: string, path: string, body?: string): Promise<T> {
    const headers = {
      ...this.headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const response = await fetch(`${this.root}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }
}
