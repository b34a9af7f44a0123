import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { titleOf } from './problem.js';

/** RFC 9457. */
class ProblemAnswer {
  @ApiProperty()
  type!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty()
  status!: number;

  @ApiProperty({ description: 'Stable; programs decide by it.', example: 'REJECTED_ACCOUNT_EXISTS' })
  code!: string;

  @ApiProperty({ description: 'For people: what is wrong and what to do about it.' })
  detail!: string;

  @ApiProperty()
  instance!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  facts!: Readonly<Record<string, unknown>>;

  @ApiProperty()
  correlationId!: string;
}

/** Documents which statuses an operation may refuse with. Every one may say that there were too many requests. */
export const ApiRefusals = (...statuses: readonly number[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ApiExtraModels(ProblemAnswer),
    ...[...statuses, 429].map((status) =>
      ApiResponse({
        status,
        description: titleOf(status),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemAnswer) } } },
      }),
    ),
  );
