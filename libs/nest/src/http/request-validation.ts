import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { Refusal } from '@seatbook/kernel';

const MAX_PROBLEMS = 50;

/** Bodies and queries are checked at the edge as a whole: all problems are reported at once, and none quotes what was sent. */
export const requestValidation = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors: ValidationError[]) => {
      const problems = errors.flatMap((error) => problemsOf(error)).slice(0, MAX_PROBLEMS);
      const fields = problems.map(({ field }) => field).join(', ');
      return new Refusal('INVALID_REQUEST', `the request is not valid: ${fields}`, { problems });
    },
  });

function problemsOf({
  property,
  constraints,
  children,
}: ValidationError): { field: string; problem: string }[] {
  const field = property.slice(0, 60);
  const own = Object.keys(constraints ?? {}).includes('whitelistValidation')
    ? [{ field, problem: 'there is no such field' }]
    : Object.values(constraints ?? {}).map((problem) => ({ field, problem }));
  const below = (children ?? []).flatMap((child) =>
    problemsOf(child).map((one) => ({ ...one, field: `${field}.${one.field}` })),
  );
  return [...own, ...below];
}
