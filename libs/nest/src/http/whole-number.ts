import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, ValidateBy } from 'class-validator';

/** Digits and nothing else: `0x10`, `1e2` and blanks are no numbers in an address. */
const inDigits = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

/** A whole number of a query, which may be left out. */
export const WholeNumber = (
  min: number,
  max: number,
  description: string,
  byDefault?: number,
): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: min,
      maximum: max,
      description,
      ...(byDefault === undefined ? {} : { default: byDefault }),
    }),
    IsOptional(),
    Transform(inDigits),
    ValidateBy({
      name: 'wholeNumber',
      validator: {
        validate: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
        defaultMessage: (field) => `${field?.property ?? ''} must be a whole number from ${min} to ${max}`,
      },
    }),
  );

/** Positions have at most this many digits in an address. */
export const MAX_POSITION = 999_999_999_999_999;
