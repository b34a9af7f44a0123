import { ApiPropertyOptional } from '@nestjs/swagger';
import { MayBeLeftOut, IdList } from '../http/text-field.js';

/** A list of up to `most` serial numbers or user ids that a request names, or leaves out. */
export const NamedHolders =
  (description: string, most: number): PropertyDecorator =>
  (target, property) => {
    const items = { type: 'string', minLength: 1, maxLength: 255, pattern: '\\S' } as const;
    const list = { type: 'array', items, description, minItems: 1, maxItems: most } as const;
    ApiPropertyOptional(list)(target, property);
    MayBeLeftOut()(target, property);
    IdList(most)(target, property);
  };
