import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Refusal, asPosition, type Position } from '@seatbook/kernel';
import { headerOf, type HttpRequest } from '../http/exchange.js';

/** A position in an address or a header. */
export const POSITION = '^[0-9]{1,15}$';
const FORM = new RegExp(POSITION);

/** The position that an answer must reflect: `?position=` or the header `Seatbook-Position`. */
export const WantedPosition = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Position | undefined => {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const { position } = request.query as { position?: unknown };
    const given = position ?? headerOf(request, 'seatbook-position');
    if (given === undefined) return undefined;
    if (typeof given !== 'string' || !FORM.test(given)) {
      throw new Refusal(
        'INVALID_POSITION',
        'a position is a whole number, as returned by commands and queries',
      );
    }
    return asPosition(Number(given));
  },
);
