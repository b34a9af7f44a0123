import { ApiPropertyOptional } from '@nestjs/swagger';
import { ID, IdList, MayBeLeftOut } from '../http/text-field.js';

/** A serial number of a device that is given a licence, or is to be. */
export const ASSIGNED_DEVICE = { type: 'string', pattern: '^\\s*[A-Za-z0-9]{8,14}\\s*$' } as const;

/** The same where it is a field of its own. */
export const ASSIGNED_DEVICE_FIELD = '^ *[A-Za-z0-9]{8,14} *$';

/** A list of up to `most` serial numbers or user ids that a request names, or leaves out. */
export const NamedHolders =
  (description: string, most: number, items: typeof ID | typeof ASSIGNED_DEVICE = ID): PropertyDecorator =>
  (target, property) => {
    const list = { type: 'array', items, description, minItems: 1, maxItems: most } as const;
    ApiPropertyOptional(list)(target, property);
    MayBeLeftOut()(target, property);
    IdList(most)(target, property);
  };
