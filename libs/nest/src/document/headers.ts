import type { Operation } from './operation.js';

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const },
  example,
});

/** Headers of answers, as the document describes them. */
export const HEADERS = {
  'X-Correlation-Id': text(
    'Ties the answer to the log of the server and to the events that follow. One that the request brings is kept.',
    '9b2f7c51-2b7a-4c55-9a3e-0f6d1c2b3a49',
  ),
  'Seatbook-Position': text(
    'The position of the log that the answer reflects, or that the command wrote.',
    '1842',
  ),
  Location: text('Where the result is.', '/api/v1/orders/60501a66-da6b-8e0d-99da-ff88c72147da'),
  'Preference-Applied': text('The wait of `Prefer` that was kept to, in seconds.', 'wait=30'),
  ETag: text(
    'Of what the answer shows. Send it as `If-None-Match` to be answered 304 if nothing has changed.',
    'W/"x"',
  ),
  Link: text('Of a list: the next page.', '</api/v1/orders?cursor=abc>; rel="next"'),
  'Retry-After': text('Seconds until a repeat makes sense.', '2'),
  'WWW-Authenticate': text('How to authenticate.', 'Bearer realm="seatbook"'),
} as const;

export type HeaderName = keyof typeof HEADERS;

/** Headers that an answer of an operation may have, by what the operation takes. */
export function headersOf(method: string, operation: Operation, status: number): readonly HeaderName[] {
  const takes = (name: string): boolean =>
    (operation.parameters ?? []).some((parameter) => parameter.name === name);
  const names: HeaderName[] = ['X-Correlation-Id'];
  if (status >= 400) return names;
  const answersJson = operation.responses[String(status)]?.content?.['application/json'] !== undefined;
  if (method === 'get' && answersJson) names.push('ETag');
  if (method === 'get' && takes('cursor')) names.push('Link');
  if (takes('position') || takes('Idempotency-Key')) names.push('Seatbook-Position');
  if (takes('Idempotency-Key')) names.push('Location');
  if (takes('Prefer')) names.push('Preference-Applied');
  return names;
}
