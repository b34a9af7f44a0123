import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Refusal, asPosition } from '@seatbook/kernel';
import type { Moment } from '@seatbook/application';
import { TextField } from '../http/text-field.js';

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

const HOUR_MINUTE = '([01][0-9]|2[0-3]):[0-5][0-9]';
/** The same for the document of the API; which days a month has is not in it. */
const TIME =
  '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' +
  `(T${HOUR_MINUTE}(:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-]${HOUR_MINUTE})?)?`;

const MomentOfQuery = (pattern: string, description: string): PropertyDecorator =>
  applyDecorators(TextField(1, 40), IsOptional(), ApiPropertyOptional({ description, pattern }));

/** A time of a query, which may be left out. What is none is refused by {@link timeOf}, with a code of its own. */
export const TimeField = (description: string): PropertyDecorator => MomentOfQuery(`^${TIME}$`, description);

/** A position or a time of a query, which may be left out: for {@link momentOf}. */
export const MomentField = (description: string): PropertyDecorator =>
  MomentOfQuery(`^([0-9]{1,15}|${TIME})$`, description);

/** `?at=` and the like: a position, or a time in ISO 8601. @throws Refusal INVALID_AT */
export function momentOf(text: string | undefined, name: 'at' | 'from' | 'to' = 'at'): Moment | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return { position: asPosition(Number(text)) };
  const time = instantOf(text);
  if (time !== null) return { time };
  throw new Refusal('INVALID_AT', `${name} is a position (digits) or a time in ISO 8601${spelling(text)}`);
}

/** What helps who has spelled a time in a way that is not understood. */
export const spelling = (text: string): string =>
  / \d{2}:\d{2}$/.test(text)
    ? ': a + in an address is written %2B'
    : ', e.g. 2026-11-24T08:00:00Z or 2026-11-24T09:00:00%2B01:00';

/** A moment in ISO 8601; without a zone it is UTC. Null for anything else, days that no calendar has included. */
export function instantOf(text: string): number | null {
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone] = ISO.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== `${year}-${month}-${day}`)
    return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const time = Date.parse(zone === undefined && text.includes('T') ? `${text}Z` : text);
  return Number.isNaN(time) ? null : time;
}

/** A filter by time. @throws Refusal INVALID_TIME */
export function timeOf(name: 'from' | 'to', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = instantOf(text);
  if (time === null) throw new Refusal('INVALID_TIME', `${name} is a time in ISO 8601${spelling(text)}`);
  return time;
}
