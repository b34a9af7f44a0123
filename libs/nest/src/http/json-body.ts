/// <reference lib="es2024.string" />
import { Refusal } from '@seatbook/kernel';
import type { HttpServer } from './exchange.js';

/** Our bodies are flat. What is nested deeper is refused while it is still text: parsing and checking it could take minutes. */
const MAX_DEPTH = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Bodies are objects of JSON. An empty body is none, whatever type it claims to have. Of routes that are named it is left as text. */
export function readJson(server: HttpServer, asText: ReadonlySet<string>): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else if (asText.has(request.routeOptions.url ?? '')) done(null, body);
    else if (isDeep(body)) done(tooDeep());
    else if (hasHalfCharacter(body)) done(halfCharacter());
    else
      void parse(request, body, (failure, value) => {
        if (failure) done(failure);
        else if (isObject(value)) done(null, value);
        else done(noObject());
      });
  });
}

const tooDeep = (): Refusal =>
  new Refusal('INVALID_BODY_TOO_DEEP', `the body is nested deeper than ${MAX_DEPTH} levels`, {
    maxDepth: MAX_DEPTH,
  });

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** It would be taken for an object without fields otherwise. */
const noObject = (): Refusal =>
  new Refusal('INVALID_BODY', 'the body has to be a JSON object; it is another value');

const halfCharacter = (): Refusal =>
  new Refusal('INVALID_BODY', 'the body has a text with half a character: a surrogate that is not paired');

/** Only an escape can make half a character. No store gives such a text back as it was, whatever field it is in. */
export function hasHalfCharacter(body: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(body)) return false;
  let has = false;
  try {
    JSON.parse(body, (key, value: unknown) => {
      has ||= !key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed());
      return value;
    });
  } catch {
    return false;
  }
  return has;
}

/** Whether JSON text is nested deeper than is allowed. Text that is no JSON may be called either. */
export function isDeep(text: string, maxDepth = MAX_DEPTH): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) {
      quoted = true;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      depth -= 1;
    }
  }
  return false;
}
