import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Refusal, asPosition, type Position } from '@seatbook/kernel';
import { POSITION } from '../http/address-forms.js';
import { headerOf, type HttpRequest } from '../http/exchange.js';

const FORM = new RegExp(POSITION);

/** The position that an answer must reflect: `?position=` or the header `Seatbook-Position`. */
export const WantedPosition = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Position | undefined => {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const { position } = request.query as { position?: unknown };
    const [wanted] = [position, headerOf(request, 'seatbook-position')]
      .filter((given) => given !== undefined)
      .map(positionOf);
    return wanted;
  },
);

function positionOf(given: unknown): Position {
  if (typeof given === 'string' && FORM.test(given)) return asPosition(Number(given));
  throw new Refusal('INVALID_POSITION', 'a position is a whole number, as returned by commands and queries');
}
