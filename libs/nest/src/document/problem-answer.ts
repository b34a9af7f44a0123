import { ApiPropertyOptional } from '@nestjs/swagger';
import { Anything, Count, Text } from './fields.js';

/** RFC 9457. `code` is stable: programs decide by it. */
export class ProblemAnswer {
  @Text('/docs/errors/NOT_FOUND_ORDER', 'The page of the code.')
  type!: string;

  @Text('Not found')
  title!: string;

  @Count(404)
  status!: number;

  @Text('NOT_FOUND_ORDER')
  code!: string;

  @Text('there is no such order', 'For people: what is wrong and what to do about it.')
  detail!: string;

  @Text('/api/v1/orders/1')
  instance!: string;

  @Anything({}, 'What the answer rests on; depends on the code.')
  facts!: Readonly<Record<string, unknown>>;

  @Text('9b2f7c51-2b7a-4c55-9a3e-0f6d1c2b3a49', 'Also in the log of the server.')
  correlationId!: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'When a repeat makes sense, for THROTTLED and TRANSIENT; as in the header `Retry-After`.',
  })
  retryAfterSeconds?: number;
}
