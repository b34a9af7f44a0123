import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '@seatbook/kernel';
import { statusOf, titleOf } from '../http/problem.js';
import { REFUSALS } from './api-refusals.js';
import {
  ALWAYS,
  WITH_BODY,
  WITH_KEY,
  WITH_PARAMETER,
  WITH_PATH_PARAMETER,
  WITH_QUERY,
} from './common-refusals.js';
import { HEADERS, headersOf, type HeaderName } from './headers.js';
import { operationsOf, type Content, type Operation, type Response } from './operation.js';
import { exampleOf, resolved, type Schema } from './schema-example.js';
import { ASSET_ID, POSITION } from '../http/address-forms.js';
import { MAX_IN_PATH, SHOWN } from '../http/text-field.js';

const CHANGED_MEANWHILE = 412;

const NAME = { type: 'string', minLength: 1, maxLength: MAX_IN_PATH, pattern: SHOWN };

interface PathParameter {
  readonly description: string;
  readonly example: string;
  readonly schema?: object;
}

/** What ids in paths are, and an example of each. */
const PATH_PARAMETERS: Readonly<Record<string, PathParameter>> = {
  accountId: { description: "An account, by Apple's id of its location.", example: '7700000000000001' },
  assetId: {
    description: 'An asset: `{adamId}.{pricingParam}`, where `.STDQ` may be left out.',
    example: '900000001.STDQ',
    schema: { type: 'string', pattern: ASSET_ID },
  },
  serialNumber: { description: 'A device.', example: 'C02XK0AAHV29' },
  userId: { description: 'A person, by our id.', example: '0c6d3d3e-8f0a-4f67-9f0d-3b2a1c0d9e8f' },
  groupId: { description: 'A group.', example: '8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a' },
  orderId: { description: 'An order.', example: '60501a66-da6b-8e0d-99da-ff88c72147da' },
  importId: { description: 'An import.', example: '2b8c1d4e-6f7a-8b9c-8d0e-1f2a3b4c5d6e' },
  position: {
    description: 'The position of an event in the log.',
    example: '1841',
    schema: { type: 'string', pattern: POSITION },
  },
  code: { description: 'An error code.', example: 'NOT_FOUND_ORDER' },
};

/** Adds to every operation what all have in common: refusals by their codes, headers, and examples. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  const components = (document.components ??= {});
  components.headers = HEADERS;
  for (const { method, operation } of operationsOf(document)) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.in === 'path')
        Object.assign(parameter, { schema: NAME }, PATH_PARAMETERS[parameter.name]);
    }
    addPositionHeader(operation);
    for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
      if (type !== 'multipart/form-data') addExample(document, content);
      closeSchemas(document, content.schema);
      if (type === 'multipart/form-data') content.schema = asForm(document, content.schema);
    }
    for (const [status, response] of Object.entries(operation.responses)) {
      for (const [type, content] of Object.entries(response.content ?? {}))
        if (type === 'application/json') addExample(document, content);
      addHeaders(response, headersOf(method, operation, Number(status)));
    }
    if (method === 'get' && operation.responses['200']?.headers?.['ETag']) addNotModified(operation);
    addRefusals(document, operation);
  }
  return document;
}

/** Wherever a position may be waited for, it may stand in the header that answers have it in. */
function addPositionHeader({ parameters = [] }: Operation): void {
  if (!parameters.some(({ name, in: place }) => name === 'position' && place === 'query')) return;
  parameters.push({
    name: 'Seatbook-Position',
    in: 'header',
    required: false,
    description: 'The same as `position`, which comes first where both are given.',
    schema: { type: 'string', pattern: POSITION },
    example: '1842',
  });
}

/** Of what is sent, fields that nobody knows are refused. */
function closeSchemas(document: OpenAPIObject, schema: Schema): void {
  if (schema.$ref !== undefined) closeSchemas(document, resolved(document, schema.$ref));
  for (const part of [...(schema.oneOf ?? []), ...(schema.allOf ?? []), ...(schema.anyOf ?? [])])
    closeSchemas(document, part);
  for (const field of Object.values(schema.properties ?? {})) closeSchemas(document, field);
  if (schema.properties) Object.assign(schema, { additionalProperties: false });
}

function addNotModified(operation: Operation): void {
  operation.parameters?.push({
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of an earlier answer.',
    schema: { type: 'string' },
  });
  const response: Response = { description: 'Nothing has changed since the answer with this `ETag`.' };
  addHeaders(response, ['X-Correlation-Id', 'ETag', 'Seatbook-Position']);
  operation.responses['304'] = response;
}

/** In a form, a token is a file. */
function asForm(document: OpenAPIObject, schema: Schema): Schema {
  const { properties = {}, ...fields } = schema.$ref === undefined ? schema : resolved(document, schema.$ref);
  const { token, ...others } = properties;
  const file = { type: 'string', format: 'binary', description: 'The .vpptoken file.' };
  return { ...fields, properties: token ? { ...others, token: file } : others };
}

function addExample(document: OpenAPIObject, content: Content): void {
  if (content.example === undefined && content.examples === undefined)
    content.example = exampleOf(document, content.schema);
}

function addHeaders(response: Response, names: readonly HeaderName[]): void {
  const headers = (response.headers ??= {});
  for (const name of names) headers[name] = { $ref: `#/components/headers/${name}` };
}

function addRefusals(document: OpenAPIObject, operation: Operation): void {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codesOf(operation)) {
    for (const status of statusesOf(code, operation))
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  delete operation[REFUSALS];
  for (const [status, codes] of [...byStatus].sort(([one], [other]) => one - other)) {
    const code = { type: 'string', enum: codes };
    const response: Response = {
      description: `${titleOf(status)}: ${codes.map((one) => `[${one}](/docs/errors/${one})`).join(', ')}`,
      content: {
        'application/problem+json': {
          schema: {
            allOf: [{ $ref: '#/components/schemas/ProblemAnswer' }, { properties: { code } }],
          },
          examples: Object.fromEntries(codes.map((one) => [one, exampleRef(document, one, status)])),
        },
      },
    };
    addHeaders(response, [
      'X-Correlation-Id',
      ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
      ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
    ]);
    const known = operation.responses[String(status)];
    if (known) Object.assign((known.content ??= {}), response.content);
    else operation.responses[String(status)] = response;
  }
}

/** With `If-Match`, what has changed meanwhile is a 412. */
function statusesOf(code: ErrorCode, { parameters = [] }: Operation): readonly number[] {
  const conditional = code === 'CONFLICT_VERSION' && parameters.some(({ name }) => name === 'If-Match');
  return conditional ? [statusOf(code), CHANGED_MEANWHILE] : [statusOf(code)];
}

function codesOf(operation: Operation): ReadonlySet<ErrorCode> {
  const { parameters = [], security, requestBody } = operation;
  const codes = new Set<ErrorCode>(operation[REFUSALS] ?? []);
  const add = (more: readonly ErrorCode[]): void => more.forEach((code) => codes.add(code));
  for (const { name } of parameters) add(WITH_PARAMETER[name] ?? []);
  if (parameters.some((parameter) => parameter.in === 'path')) add(WITH_PATH_PARAMETER);
  if (parameters.some((parameter) => parameter.in === 'query')) add(WITH_QUERY);
  if (requestBody) add(WITH_BODY);
  // Where no key is asked for, its security is an empty object.
  if (!security?.every((scheme) => Object.keys(scheme).length === 0)) add(WITH_KEY);
  add(ALWAYS);
  return codes;
}

/** The example of a code, once in the document. */
function exampleRef(document: OpenAPIObject, code: ErrorCode, status: number): { $ref: string } {
  const name = status === statusOf(code) ? code : `${code}_${status}`;
  const examples = ((document.components ??= {}).examples ??= {});
  examples[name] ??= { value: problemExample(document, code, status) };
  return { $ref: `#/components/examples/${name}` };
}

function problemExample(document: OpenAPIObject, code: ErrorCode, status: number): unknown {
  return {
    ...(exampleOf(document, { $ref: '#/components/schemas/ProblemAnswer' }) as object),
    type: `/docs/errors/${code}`,
    title: titleOf(status),
    status,
    code,
    detail: ERROR_CODES[code].means,
    instance: '/api/v1/orders',
    facts: {},
    ...(status === 503 || status === 429 ? { retryAfterSeconds: 2 } : {}),
  };
}
