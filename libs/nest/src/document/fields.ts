import { ApiProperty } from '@nestjs/swagger';

// Fields of answers, each with its schema and an example: of the examples of its fields the example of an answer is made.

const field = (options: object, example: unknown, description?: string): PropertyDecorator =>
  ApiProperty({
    ...options,
    example,
    ...(description === undefined ? {} : { description }),
  });

export const Text = (example: string, description?: string): PropertyDecorator =>
  field({ type: String }, example, description);

export const TextOrNull = (example: string | null, description?: string): PropertyDecorator =>
  field({ type: String, nullable: true }, example, description);

export const Texts = (example: readonly string[], description?: string): PropertyDecorator =>
  field({ type: [String] }, example, description);

export const OneOf = (values: readonly string[], example: string, description?: string): PropertyDecorator =>
  field({ type: String, enum: [...values] }, example, description);

export const Flag = (example: boolean, description?: string): PropertyDecorator =>
  field({ type: Boolean }, example, description);

export const FlagOrNull = (example: boolean | null, description?: string): PropertyDecorator =>
  field({ type: Boolean, nullable: true }, example, description);

/** A whole number, which may be negative. */
export const Whole = (example: number, description?: string): PropertyDecorator =>
  field({ type: 'integer' }, example, description);

/** A whole number from 0 on. */
export const Count = (example: number, description?: string): PropertyDecorator =>
  field({ type: 'integer', minimum: 0 }, example, description);

export const CountOrNull = (example: number | null, description?: string): PropertyDecorator =>
  field({ type: 'integer', minimum: 0, nullable: true }, example, description);

/** Any number. */
export const Amount = (example: number, description?: string): PropertyDecorator =>
  field({ type: Number }, example, description);

/** A moment in ISO 8601, UTC. */
export const Time = (description?: string, example = '2026-11-24T08:15:30.000Z'): PropertyDecorator =>
  field({ type: String, format: 'date-time' }, example, description);

export const TimeOrNull = (
  description?: string,
  example: string | null = '2026-11-24T08:15:30.000Z',
): PropertyDecorator => field({ type: String, format: 'date-time', nullable: true }, example, description);

/** Addresses of what belongs to the answer, by name. */
export const Links = (example: Readonly<Record<string, string>>): PropertyDecorator =>
  field(
    {
      type: 'object',
      properties: Object.fromEntries(
        Object.keys(example).map((name) => [name, { type: 'string', format: 'uri-reference' }]),
      ),
      required: Object.keys(example),
    },
    example,
    'Addresses on this server.',
  );

/** A part of an answer that has fields of its own. The framework knows such a function by its name, which is `type`. */
export const Part = (part: () => unknown, description?: string): PropertyDecorator =>
  ApiProperty({
    type: () => part(),
    ...(description === undefined ? {} : { description }),
  });

export const PartOrNull = (part: () => unknown, description?: string): PropertyDecorator =>
  ApiProperty({
    type: () => part(),
    nullable: true,
    ...(description === undefined ? {} : { description }),
  });

export const Parts = (part: () => unknown, description?: string): PropertyDecorator =>
  ApiProperty({
    type: () => part(),
    isArray: true,
    ...(description === undefined ? {} : { description }),
  });

/** Data whose shape depends on something else. */
export const Anything = (
  example: Readonly<Record<string, unknown>>,
  description?: string,
): PropertyDecorator => field({ type: 'object', additionalProperties: true }, example, description);
