import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { Refusal } from '@seatbook/kernel';

const MAX_PROBLEMS = 50;

/** What is wrong with one field. Programs decide by `rule`, people read `problem`. */
export interface FieldProblem {
  readonly field: string;
  /** JSON pointer to the field (RFC 6901), from the top of the body or of the query. */
  readonly pointer: string;
  readonly rule: string;
  readonly problem: string;
}

/** The refusal of a request with these problems. */
export const invalidRequest = (problems: readonly FieldProblem[]): Refusal =>
  new Refusal(
    'INVALID_REQUEST',
    `the request is not valid: ${problems.map(({ field }) => field).join(', ')}`,
    {
      problems,
    },
  );

export const fieldProblem = (field: string, rule: string, problem: string): FieldProblem => ({
  field,
  pointer: `/${field.replace(/~/g, '~0').replace(/\//g, '~1')}`,
  rule,
  problem,
});

/** Bodies and queries are checked at the edge as a whole: all problems are reported at once, and none quotes what was sent. */
export const requestValidation = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors: ValidationError[]) => {
      return invalidRequest(errors.flatMap(problemsOf).slice(0, MAX_PROBLEMS));
    },
  });

/** Bodies and queries are flat, so no field has fields of its own. */
function problemsOf({ property, constraints = {} }: ValidationError): FieldProblem[] {
  const field = property.slice(0, 60);
  if ('whitelistValidation' in constraints)
    return [fieldProblem(field, 'unknownField', 'there is no such field')];
  return Object.entries(constraints).map(([rule, problem]) => fieldProblem(field, rule, problem));
}
