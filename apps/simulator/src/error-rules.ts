import {
  atLeast,
  either,
  flag,
  object,
  oneOf,
  optional,
  probability,
  type Shape,
  text,
  whole,
} from './shape.js';
import { type RetryAfter, retryAfterShape } from './faults.js';

/**
 * Makes matching requests go wrong. With `errorNumber`, `html` or a bare `status` the request has no effect and
 * the error is its answer; with `truncated` or `resetAfter` it takes effect; with only `delayMs` it is answered
 * normally, late.
 */
export interface ErrorRule {
  match: {
    /** Start of the path, with or without `/mdm/v2`; the query counts. */
    path: string;
    method?: string;
    /** Only requests that carry a token of this location. */
    uId?: string;
  };
  /** Leaves this many matching requests alone first; default 0. */
  skip?: number;
  /** How many requests it hits before it ends; default 1. */
  times?: number | 'forever';
  /** The chance that it hits a matching request; default 1. */
  probability?: number;
  errorNumber?: number;
  /** The HTTP status; default: the one that belongs to the number, 503 without a number. */
  status?: number;
  retryAfter?: RetryAfter;
  /** Answers 200 with the error body. */
  as200?: boolean;
  /** Answers an HTML page. */
  html?: boolean;
  /** Answers the true body cut in half. */
  truncated?: boolean;
  resetBefore?: boolean;
  resetAfter?: boolean;
  /** Waits this long before answering; the request takes effect at once. */
  delayMs?: number;
  /** Never answers. `true` and `before`: without effect. */
  dead?: boolean | 'before' | 'after';
}

/** Reads a rule from JSON. */
export const errorRuleShape: Shape<ErrorRule> = object({
  match: object({ path: text, method: optional(text), uId: optional(text) }),
  skip: optional(whole(0)),
  times: optional(either(whole(1), oneOf('forever'))),
  probability: optional(probability),
  errorNumber: optional(whole(1)),
  status: optional(whole(200)),
  retryAfter: optional(retryAfterShape),
  as200: optional(flag),
  html: optional(flag),
  truncated: optional(flag),
  resetBefore: optional(flag),
  resetAfter: optional(flag),
  delayMs: optional(atLeast(0)),
  dead: optional(oneOf(true, false, 'before', 'after')),
});

interface ActiveRule {
  ruleId: number;
  rule: ErrorRule;
  seen: number;
  hits: number;
}

/** The rules in force; the first that matches a request applies. */
export class ErrorRules {
  private rules: ActiveRule[] = [];
  private lastId = 0;

  constructor(private readonly random: () => number) {}

  add(rule: ErrorRule): number {
    this.lastId += 1;
    this.rules.push({ ruleId: this.lastId, rule, seen: 0, hits: 0 });
    return this.lastId;
  }

  /** Removes one rule, or all. Unknown ids are ignored. */
  clear(ruleId?: number): void {
    this.rules = ruleId === undefined ? [] : this.rules.filter((active) => active.ruleId !== ruleId);
  }

  /** The rules in force with their hits so far. */
  list(): { ruleId: number; hits: number; rule: ErrorRule }[] {
    return this.rules.map(({ ruleId, hits, rule }) => ({ ruleId, hits, rule }));
  }

  /** The rule that applies to this request, counted. `uId` is null if the request has no known token. */
  take(method: string, path: string, uId: string | null): ErrorRule | null {
    const short = path.startsWith('/mdm/v2') ? path.slice('/mdm/v2'.length) : path;
    for (const active of this.rules) {
      const { match, skip = 0, times = 1, probability: chance = 1 } = active.rule;
      if (match.method !== undefined && match.method.toUpperCase() !== method) continue;
      if (match.uId !== undefined && match.uId !== uId) continue;
      if (!path.startsWith(match.path) && !short.startsWith(match.path)) continue;
      active.seen += 1;
      if (active.seen <= skip) continue;
      if (chance < 1 && this.random() >= chance) continue;
      active.hits += 1;
      if (times !== 'forever' && active.hits >= times) this.clear(active.ruleId);
      return active.rule;
    }
    return null;
  }
}
