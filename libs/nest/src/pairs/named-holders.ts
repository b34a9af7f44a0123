import { ApiPropertyOptional } from '@nestjs/swagger';
import { ID, IdList, MayBeLeftOut } from '../http/text-field.js';

/** A list of up to `most` serial numbers or user ids that a request names, or leaves out. */
export const NamedHolders =
  (description: string, most: number): PropertyDecorator =>
  (target, property) => {
    const list = { type: 'array', items: ID, description, minItems: 1, maxItems: most } as const;
    ApiPropertyOptional(list)(target, property);
    MayBeLeftOut()(target, property);
    IdList(most)(target, property);
  };
