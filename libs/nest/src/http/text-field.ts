import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';

/**
 * What no terminal, table or page shows as it is: control characters, line breaks included, and marks that turn the
 * direction of the text round it.
 */
// eslint-disable-next-line no-control-regex
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** The same for the document of the API. */
const UNSHOWN_MARKS = UNSHOWN.source.slice(1, -1);
export const SHOWN = `^[^${UNSHOWN_MARKS}]*$`;

/** The same, and not of blanks alone. */
export const SHOWN_AND_NOT_BLANK = `^[^${UNSHOWN_MARKS}]*[^${UNSHOWN_MARKS}\\s][^${UNSHOWN_MARKS}]*$`;

/** Longest text of a path, in characters. */
export const MAX_IN_PATH = 255;

/** A text of so many characters, as people count them, which shows as it is. */
export const isShown = (text: string, min: number, max: number): boolean =>
  hasLength(text, min, max) && !UNSHOWN.test(text);

/** Counts only what may be too long: a character is one or two units of a string. */
const hasLength = (text: string, min: number, max: number): boolean =>
  text.length >= min && (text.length <= max || (text.length <= 2 * max && [...text].length <= max));

/** What is asked of such a text. */
export const textRule = (field: string, min: number, max: number): string =>
  `${field} must be a text of ${min} to ${max} characters without control characters`;

/** A field of a body that may be left out. Null is a value, and none that it may have. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_body, value) => value !== undefined);

/** A text of a body or a query, with its schema and one message that says all there is to say. */
export const TextField = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String, minLength: min, maxLength: max, pattern: SHOWN }),
    ValidateBy({
      name: 'textField',
      validator: {
        validate: (value) => typeof value === 'string' && isShown(value, min, max),
        defaultMessage: (field) => textRule(field?.property ?? '', min, max),
      },
    }),
  );

/** The same, or null. */
export const TextFieldOrNull = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String, nullable: true, minLength: min, maxLength: max, pattern: SHOWN }),
    ValidateBy({
      name: 'textField',
      validator: {
        validate: (value) => value === null || (typeof value === 'string' && isShown(value, min, max)),
        defaultMessage: (field) => `${textRule(field?.property ?? '', min, max)}, or null`,
      },
    }),
  );

/** Why something is asked for: any command may say so. */
export const Reason = (): PropertyDecorator =>
  applyDecorators(
    TextField(1, 500),
    MayBeLeftOut(),
    ApiPropertyOptional({ description: 'Why. It is kept in the history permanently.', maxLength: 500 }),
  );

/** A flat list of texts, checked in one pass: 100,000 of them take a tenth of a second. */
export const TextList = (max: number): PropertyDecorator => textList(max, 'texts', () => true);

/** The same, or null. */
export const TextListOrNull = (max: number): PropertyDecorator =>
  ValidateBy({
    name: 'textListOrNull',
    validator: {
      validate: (value) =>
        value === null ||
        (Array.isArray(value) &&
          value.length > 0 &&
          value.length <= max &&
          value.every((item) => typeof item === 'string' && item.length <= 500)),
      defaultMessage: (field) =>
        `${field?.property ?? ''} must be a list of 1 to ${max} texts of up to 500 characters, or null`,
    },
  });

const MAX_ID = 255;

/** The schema of an id in such a list. */
export const ID = { type: 'string', minLength: 1, maxLength: MAX_ID, pattern: '\\S' } as const;

/** A flat list of texts that are not blank and no longer than any id, checked in one pass. */
export const IdList = (max: number): PropertyDecorator =>
  textList(
    max,
    `texts of up to ${MAX_ID} characters that are not blank`,
    (item) => item.length <= MAX_ID && /\S/.test(item),
  );

const textList = (max: number, what: string, isOne: (item: string) => boolean): PropertyDecorator =>
  ValidateBy({
    name: 'textList',
    validator: {
      validate: (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= max &&
        value.every((item) => typeof item === 'string' && isOne(item)),
      defaultMessage: (field) => `${field?.property ?? ''} must be a list of 1 to ${max} ${what}`,
    },
  });
