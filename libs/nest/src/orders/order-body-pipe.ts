import { Injectable, type PipeTransform } from '@nestjs/common';
import { Refusal } from '@seatbook/kernel';
import { requestValidation } from '../http/request-validation.js';
import { ORDER_BODIES, type AnyOrderBody } from './order-bodies.js';

/** Checks the body of an order as its kind demands. */
@Injectable()
export class OrderBodyPipe implements PipeTransform<unknown, Promise<AnyOrderBody>> {
  readonly #validation = requestValidation();

  async transform(body: unknown): Promise<AnyOrderBody> {
    const kinds = Object.keys(ORDER_BODIES);
    const kind = typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined;
    if (typeof kind !== 'string' || !kinds.includes(kind)) {
      const problem = `kind must be one of ${kinds.join(', ')}`;
      throw new Refusal('INVALID_REQUEST', 'the request is not valid: kind', {
        problems: [{ field: 'kind', problem }],
      });
    }
    const metatype = ORDER_BODIES[kind as keyof typeof ORDER_BODIES];
    return (await this.#validation.transform(body, { type: 'body', metatype })) as AnyOrderBody;
  }
}
