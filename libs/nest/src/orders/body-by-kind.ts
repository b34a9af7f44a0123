import { applyDecorators, type PipeTransform, type Type } from '@nestjs/common';
import { ApiBody, ApiExtraModels, getSchemaPath } from '@nestjs/swagger';
import { fieldProblem, invalidRequest, requestValidation } from '../http/request-validation.js';

type Bodies = Readonly<Record<string, Type<object>>>;

/** Checks a body as its kind demands. @throws Refusal INVALID_REQUEST */
export class BodyByKind<B extends Bodies> implements PipeTransform<
  unknown,
  Promise<InstanceType<B[keyof B]>>
> {
  readonly #validation = requestValidation();

  constructor(private readonly bodies: B) {}

  async transform(body: unknown): Promise<InstanceType<B[keyof B]>> {
    const kinds = Object.keys(this.bodies);
    const kind = typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined;
    const metatype = typeof kind === 'string' && kinds.includes(kind) ? this.bodies[kind] : undefined;
    if (!metatype) {
      throw invalidRequest([fieldProblem('kind', 'isIn', `kind must be one of ${kinds.join(', ')}`)]);
    }
    return (await this.#validation.transform(body, { type: 'body', metatype })) as InstanceType<B[keyof B]>;
  }
}

/** Documents bodies that are told apart by their kind. */
export const ApiBodyByKind = (bodies: Bodies): MethodDecorator => {
  const schemas = Object.entries(bodies).map(([kind, body]) => [kind, getSchemaPath(body)] as const);
  return applyDecorators(
    ApiExtraModels(...Object.values(bodies)),
    ApiBody({
      schema: {
        oneOf: schemas.map(([, $ref]) => ({ $ref })),
        discriminator: { propertyName: 'kind', mapping: Object.fromEntries(schemas) },
      },
    }),
  );
};
