import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller } from '@seatbook/application';
import { headerOf, type HttpRequest } from './exchange.js';

/** Who a request is from, and what ties it to the caller's own traces. */
export interface Identity {
  /** Null as long as nobody has shown a key. */
  principal: string | null;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
}

const identities = new WeakMap<object, Identity>();

const CORRELATION_ID = /^[\w.:/+-]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The identity of a request, made when it is first asked for. */
export function identityOf(request: HttpRequest): Identity {
  const known = identities.get(request.raw);
  if (known) return known;
  const traceparent = headerOf(request, 'traceparent');
  const traceId = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
  const given = headerOf(request, 'x-correlation-id');
  const named = given !== undefined && CORRELATION_ID.test(given) ? given : undefined;
  const identity: Identity = {
    principal: null,
    correlationId: named ?? traceId ?? randomUUID(),
    traceparent: traceId === undefined ? undefined : traceparent,
  };
  identities.set(request.raw, identity);
  return identity;
}

/** Who asks, as the system wants to know it. */
export const CalledBy = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<HttpRequest>();
  const { principal, correlationId, traceparent } = identityOf(request);
  if (principal === null) throw new Error('a route without a principal asks who calls');
  const idempotencyKey = headerOf(request, 'idempotency-key');
  return {
    principal,
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
});

/** The caller with the reason that the body gives, where it gives one. */
export const withReason = (caller: Caller, reason: string | undefined): Caller =>
  reason === undefined ? caller : { ...caller, reason };
