import { HttpException } from '@nestjs/common';
import { isRefusal, isUnreadableEvent, type ErrorCode, type Refusal } from '@seatbook/kernel';
import { hasCode } from '@seatbook/runtime';

/** RFC 9457, with a code that never changes and the facts that the answer rests on. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly instance: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
  readonly retryAfterSeconds?: number;
}

const STATUS_OF_KIND: Readonly<Record<string, number>> = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  REJECTED: 409,
  CONFLICT: 409,
  THROTTLED: 429,
  TRANSIENT: 503,
  BUG: 500,
};

/** Codes with a status of their own. A 409 is a state that may change; what is refused for its content is a 422. */
const STATUS_OF_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  INVALID_METHOD: 405,
  INVALID_REQUEST_TIMEOUT: 408,
  INVALID_ADDRESS_TOO_LONG: 414,
  INVALID_HEADERS_TOO_LARGE: 431,
  INVALID_BODY_TOO_LARGE: 413,
  INVALID_MEDIA_TYPE: 415,
  REJECTED_BY_APPLE: 422,
  REJECTED_OTHER_LOCATION: 422,
  REJECTED_UNKNOWN_ASSET: 422,
  REJECTED_UNKNOWN_PERSON: 422,
  REJECTED_TERMS_NOT_ACCEPTED: 422,
  REJECTED_TOKEN_EXPIRED: 422,
  REJECTED_TOKEN_REVOKED: 422,
  REJECTED_TOKEN_INVALID: 422,
  REJECTED_TOKEN_READ_ONLY: 422,
  REJECTED_TOKEN_OTHER_LOCATION: 422,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not understood',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not this method',
  408: 'Too slow',
  409: 'Not in this state',
  412: 'Changed meanwhile',
  413: 'Too large',
  414: 'Address too long',
  415: 'Not this media type',
  422: 'Refused',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'A mistake of ours',
  503: 'Not at present',
};

export type Answer = Pick<Problem, 'status' | 'code' | 'detail' | 'facts' | 'retryAfterSeconds'>;

/** The status of an answer with this code. */
export function statusOf(code: ErrorCode): number {
  const kind = Object.keys(STATUS_OF_KIND).find((one) => code === one || code.startsWith(`${one}_`)) ?? 'BUG';
  return STATUS_OF_CODE[code] ?? STATUS_OF_KIND[kind] ?? 500;
}

/** The page of a code. */
export const typeOf = (code: ErrorCode): string => `/docs/errors/${code}`;

export const titleOf = (status: number): string => TITLES[status] ?? 'Failed';

/** What to answer to something that was thrown; null for what nobody expected. */
export function answerTo(error: unknown, ifMatch: boolean): Answer | null {
  if (isRefusal(error)) return ofRefusal(error, ifMatch);
  if (hasCode(error, 'INVALID_CURSOR')) {
    return { status: 400, code: 'INVALID_CURSOR', detail: error.message, facts: {} };
  }
  if (hasCode(error, 'STORE_UNAVAILABLE') && error.lasting) {
    const detail = 'the log is damaged: restore it from a backup; see the log of the server';
    return { status: 500, code: 'CORRUPT_EVENT', detail, facts: { reason: error.reason } };
  }
  if (hasCode(error, 'STORE_UNAVAILABLE')) {
    const detail = 'the storage cannot be read or written; see the log of the server';
    return {
      status: 503,
      code: 'TRANSIENT_STORE',
      detail,
      facts: { reason: error.reason },
      retryAfterSeconds: 10,
    };
  }
  if (hasCode(error, 'CORRUPT_EVENT')) {
    const { message: detail, stream, revision, position } = error;
    return { status: 500, code: 'CORRUPT_EVENT', detail, facts: { stream, revision, position } };
  }
  if (isUnreadableEvent(error)) {
    const { type } = error;
    return {
      status: 503,
      code: 'TRANSIENT_NEWER_BUILD',
      detail: error.message,
      facts: { type },
      retryAfterSeconds: 60,
    };
  }
  if (error instanceof HttpException) return ofStatus(error.getStatus());
  return ofFramework(error);
}

function ofRefusal({ kind, code, message, facts, retryAfterSeconds }: Refusal, ifMatch: boolean): Answer {
  const outdated = code === 'CONFLICT_VERSION' && ifMatch;
  const status = outdated ? 412 : statusOf(code);
  const waits = kind === 'TRANSIENT' || kind === 'THROTTLED';
  return {
    status,
    code,
    detail: message,
    facts,
    ...(waits ? { retryAfterSeconds: retryAfterSeconds ?? 1 } : {}),
  };
}

/** The reader of forms has no code for a form that breaks off or contradicts itself. */
const BROKEN_FORM =
  /^(Unexpected end of (form|multipart data)|Multipart: Boundary not found|Part terminated early|Malformed (part header|content type))/;

/** Errors of the server and of its body readers, recognised by their code. */
function ofFramework(error: unknown): Answer | null {
  if (!(error instanceof Error)) return null;
  if (BROKEN_FORM.test(error.message))
    return ofStatus(400, 'the form cannot be read: it is truncated or invalid');
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (code === 'FST_ERR_BAD_URL') {
    return { status: 400, code: 'INVALID_ADDRESS', detail: 'the address is not validly encoded', facts: {} };
  }
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? ofStatus(statusCode)
    : null;
}

/** What is thrown before any code of ours has run. */
function ofStatus(status: number, detail?: string): Answer | null {
  switch (status) {
    case 400:
      return {
        status,
        code: 'INVALID_BODY',
        detail: detail ?? 'the body cannot be read: it is not valid JSON',
        facts: {},
      };
    case 403:
      return { status, code: 'FORBIDDEN_ADDRESS', detail: 'this address is not served', facts: {} };
    case 404:
      return {
        status,
        code: 'NOT_FOUND_ROUTE',
        detail: 'there is nothing at this address; see /docs',
        facts: {},
      };
    case 413:
      return {
        status,
        code: 'INVALID_BODY_TOO_LARGE',
        detail: 'the body is larger than this server accepts',
        facts: {},
      };
    case 414:
      return {
        status,
        code: 'INVALID_ADDRESS_TOO_LONG',
        detail: 'the address is longer than any on this server',
        facts: {},
      };
    case 415:
      return {
        status,
        code: 'INVALID_MEDIA_TYPE',
        detail: 'send JSON (content-type: application/json), or a form to upload a file',
        facts: {},
      };
    default:
      if (status >= 500) return null;
      return { status, code: 'INVALID_REQUEST', detail: 'the request is not understood', facts: {} };
  }
}
