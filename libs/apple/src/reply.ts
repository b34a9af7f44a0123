import type { Instant, Milliseconds } from '@seatbook/kernel';
import type { AppleFailure, AppleResult, AssetId, TokenRefusal } from '@seatbook/licensing';
import { classOf } from './error-numbers.js';
import { integerOf, type JsonObject, listOf, objectOf, parsedObject, textOf, textsOf } from './json-shape.js';
import { redacted } from './redaction.js';
import { retryAfterMs } from './retry-after.js';
import { transientFailure } from './transient-failure.js';
import type { TransportError, TransportReply } from './transport.js';

/** How to parse an answer. */
export interface ReplyContext {
  readonly write: boolean;
  /** Must not appear in a reason. */
  readonly secrets: readonly string[];
  readonly now: Instant;
  readonly maxRetryAfterMs: Milliseconds;
}

/** A parsed answer. */
export interface ReplyReading {
  readonly result: AppleResult<JsonObject>;
  /** The body if it was a JSON object, also that of an error. */
  readonly body: JsonObject | null;
  /** Apple wants fewer requests from the whole organisation. */
  readonly throttled: boolean;
  /** Apple's `Retry-After`, if the answer is one that should be retried. */
  readonly retryAfterMs: Milliseconds | null;
}

/** A header by its lower-case name. */
export function headerOf(reply: TransportReply, name: string): string | undefined {
  if (Object.hasOwn(reply.headers, name)) return reply.headers[name];
  return Object.entries(reply.headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/**
 * What an answer means. Apple's rule: an error may come with any status, even 200, so the body is read first and
 * `errorNumber` decides. Anything but Apple's JSON (a proxy's page, a cut body) is transient; after a write it is
 * doubtful unless a status of 3xx or 4xx says that nothing was done.
 */
export function readReply(reply: TransportReply, context: ReplyContext): ReplyReading {
  const body = parsedObject(reply.body);
  const wait = retryAfterMs(headerOf(reply, 'retry-after'), context.now, context.maxRetryAfterMs);
  const errorNumber = integerOf(body?.['errorNumber']);
  if (body && errorNumber !== null && errorNumber !== 0)
    return { ...readError(reply.status, errorNumber, body, wait, context), body };

  const { status } = reply;
  const success = status >= 200 && status < 300;
  // An error number that cannot be parsed is not a success either.
  if (success && body && isJson(reply) && (body['errorNumber'] ?? 0) === 0)
    return { result: { ok: true, value: body }, body, throttled: false, retryAfterMs: null };
  const throttled = status === 429;
  const comesBack = throttled || status >= 500 ? wait : null;
  const failure = transientFailure(success ? unreadable(reply) : `HTTP ${status} without an error number`, {
    doubtful: context.write && (success || status >= 500 || status < 200),
    retryAfterMs: comesBack,
  });
  return { result: { ok: false, failure }, body, throttled, retryAfterMs: comesBack };
}

/** The failure of a request that was not answered. Only a write that may have arrived is doubtful. */
export const unanswered = (error: TransportError, context: ReplyContext): AppleFailure =>
  transientFailure(redacted(error.message, context.secrets), { doubtful: context.write && error.sent });

function readError(
  status: number,
  errorNumber: number,
  body: JsonObject,
  wait: Milliseconds | null,
  context: ReplyContext,
): Omit<ReplyReading, 'body'> {
  const known = classOf(errorNumber);
  const message = textOf(body['errorMessage']);
  const said = message === null ? '' : `: ${redacted(message, context.secrets)}`;
  const reason = `${errorNumber} ${known?.meaning ?? 'unknown error'} (HTTP ${status})${said}`;
  const fail = (failure: AppleFailure, throttled = false, shut: Milliseconds | null = null) => ({
    result: { ok: false, failure } as const,
    throttled,
    retryAfterMs: shut,
  });

  if (known?.kind === 'token') return fail(tokenFailure(known.state, errorNumber));
  // An unknown number with a 5xx status says nothing about the request itself.
  const unavailable = status >= 500 || status === 429;
  if (known?.kind === 'transient' || (!known && unavailable)) {
    const doubtful = known ? known.doubtful : status >= 500 && status !== 503;
    const throttled = known ? known.organisation : status === 429;
    return fail(
      transientFailure(reason, {
        errorNumber,
        doubtful: context.write && doubtful,
        retryAfterMs: wait,
      }),
      throttled,
      wait,
    );
  }
  const info = objectOf(body['errorInfo']);
  return fail(
    {
      kind: 'refused',
      errorNumber,
      reason,
      assets: assetIdsOf(info?.['assets']),
      serialNumbers: textsOf(info?.['serialNumbers']),
      clientUserIds: textsOf(info?.['clientUserIds']),
    },
    false,
    unavailable ? wait : null,
  );
}

export const tokenFailure = (
  state: TokenRefusal,
  errorNumber: number,
): Extract<AppleFailure, { kind: 'token' }> => ({ kind: 'token', state, errorNumber });

/** The assets of a list; anything else is left out. A missing `pricingParam` is STDQ, Apple's default. */
export const assetIdsOf = (value: unknown): readonly AssetId[] =>
  (listOf(value) ?? []).map(assetIdOf).filter((asset) => asset !== null);

export function assetIdOf(value: unknown): AssetId | null {
  const asset = objectOf(value);
  const adamId = textOf(asset?.['adamId']);
  return adamId === null ? null : { adamId, pricingParam: textOf(asset?.['pricingParam']) ?? 'STDQ' };
}

// Without the header only the body counts. JavaScript: that is what the store's services call their JSON.
function isJson(reply: TransportReply): boolean {
  const type = headerOf(reply, 'content-type');
  return type === undefined || /\b(json|javascript)\b/i.test(type);
}

function unreadable(reply: TransportReply): string {
  if (reply.body.trim() === '') return `an empty answer (HTTP ${reply.status})`;
  const kind = isJson(reply) ? 'an answer that is cut or not a JSON object' : 'an answer that is not JSON';
  return `${kind} (HTTP ${reply.status})`;
}
