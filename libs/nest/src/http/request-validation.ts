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

export const fieldProblem = (field: string, rule: string, problem: string): FieldProblem =>
  problemAt([field], rule, problem);

const problemAt = (path: readonly string[], rule: string, problem: string): FieldProblem => ({
  field: path.join('.'),
  pointer: path.map((name) => `/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`).join(''),
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
    exceptionFactory: (errors: ValidationError[]) =>
      invalidRequest(errors.flatMap((error) => problemsOf(error)).slice(0, MAX_PROBLEMS)),
  });

/** Of a field, and of those that it has itself: `sso.profileId` is one. */
function problemsOf(error: ValidationError, within: readonly string[] = []): FieldProblem[] {
  const { property, constraints = {}, children = [] } = error;
  const path = [...within, property.slice(0, 60)];
  if ('whitelistValidation' in constraints)
    return [problemAt(path, 'unknownField', 'there is no such field')];
  const problems = Object.entries(constraints).map(([rule, problem]) => problemAt(path, rule, problem));
  return [...problems, ...children.flatMap((child) => problemsOf(child, path))];
}
