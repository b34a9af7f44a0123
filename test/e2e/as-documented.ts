import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface ApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >;
}

interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Compares every answer of a server with the document of the API: its status, its media type and its schema. */
export class AsDocumented {
  readonly #document: ApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #violations = new Set<string>();
  #answers = 0;

  constructor() {
    this.#document = closed(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))) as ApiDocument;
    formats.default(this.#ajv);
    this.#ajv.addSchema(this.#document, 'api');
  }

  /** Looks at all that the server answers from now on. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      let written: OutgoingHttpHeaders = {};
      const writeHead = response.writeHead.bind(response) as (...sent: unknown[]) => ServerResponse;
      response.writeHead = (...sent: unknown[]) => {
        written = (sent.find((part) => typeof part === 'object') ?? {}) as OutgoingHttpHeaders;
        return writeHead(...sent);
      };
      for (const name of ['write', 'end'] as const) {
        const send = response[name].bind(response) as (...sent: unknown[]) => unknown;
        response[name] = ((...sent: unknown[]) => {
          const [chunk] = sent;
          if (typeof chunk === 'string' || chunk instanceof Uint8Array)
            chunks.push(Buffer.from(chunk as string));
          return send(...sent);
        }) as never;
      }
      response.once('finish', () => {
        const headers = { ...response.getHeaders(), ...written };
        this.#look(request, response.statusCode, headers, Buffer.concat(chunks));
      });
    });
  }

  /** @throws Error with all answers that the document does not have */
  expectNoViolation(): void {
    if (this.#violations.size > 0) throw new Error([...this.#violations].join('\n'));
    if (this.#answers === 0) throw new Error('no answer was compared with the document');
  }

  #look(
    { method = '', url = '' }: IncomingMessage,
    status: number,
    headers: OutgoingHttpHeaders,
    bytes: Buffer,
  ): void {
    if (method === 'HEAD' || method === 'OPTIONS') return;
    const packed = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    const violation = this.#violationOf({
      method: method.toLowerCase(),
      path: url.split('?')[0] ?? '',
      status,
      type: String(headers['content-type'] ?? '').split(';')[0] ?? '',
      body: packed.toString('utf8'),
    });
    this.#answers += 1;
    if (violation !== null) this.#violations.add(`${method} ${url}: ${status} ${violation}`);
  }

  #violationOf(answer: Answer): string | null {
    const { method, path, status, type } = answer;
    const template = this.#templateOf(path);
    const operation = template === null ? undefined : this.#document.paths[template]?.[method];
    if (template === null || !operation) {
      if (status < 400) return null;
      return this.#mismatch(answer, '/components/schemas/ProblemAnswer');
    }
    const documented = operation.responses[status];
    if (!documented) return `is not documented: ${answer.body.slice(0, 300)}`;
    if (!documented.content) return answer.body === '' ? null : 'has a body that is not documented';
    if (!documented.content[type]) return `has the type ${type}, which is not documented`;
    if (!type.endsWith('json') || type.endsWith('ndjson')) return null;
    const place = ['paths', template, method, 'responses', String(status), 'content', type, 'schema'];
    return this.#mismatch(answer, place.map((part) => `/${escaped(part)}`).join(''));
  }

  #templateOf(path: string): string | null {
    const templates = Object.keys(this.#document.paths).filter((template) =>
      new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
    // What is written out wins over what is a parameter, as in the router.
    return templates.sort((one, other) => one.split('{').length - other.split('{').length)[0] ?? null;
  }

  #mismatch({ body }: Answer, place: string): string | null {
    let validate = this.#validators.get(place);
    if (!validate) {
      validate = this.#ajv.compile({ $ref: `api#${place}` });
      this.#validators.set(place, validate);
    }
    if (validate(JSON.parse(body))) return null;
    const [error] = validate.errors ?? [];
    return `is not as documented: ${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}`;
  }
}

const escaped = (part: string): string =>
  encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1')).replace(/%7E/g, '~');

/** Every object has only the fields that are documented. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  const open = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return open ? { ...copy, additionalProperties: false } : copy;
}
