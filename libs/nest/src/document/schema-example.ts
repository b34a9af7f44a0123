import type { OpenAPIObject } from '@nestjs/swagger';

/** As much of a schema as examples are made of. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** The example of a schema, put together from those of its parts. @throws Error where a part has none */
export function exampleOf(document: OpenAPIObject, schema: Schema, at = ''): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref !== undefined) return exampleOf(document, resolved(document, schema.$ref), schema.$ref);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(document, part, at)));
  const [first] = schema.oneOf ?? schema.anyOf ?? [];
  if (first) return exampleOf(document, first, at);
  if (schema.properties) {
    const required = new Set(schema.required);
    const entries = Object.entries(schema.properties)
      .filter(([name, part]) => required.has(name) || part.example !== undefined)
      .map(([name, part]) => [name, exampleOf(document, part, `${at}.${name}`)] as const);
    return Object.fromEntries(entries);
  }
  if (schema.items) return [exampleOf(document, schema.items, `${at}[]`)];
  if (schema.enum) return schema.enum[0];
  throw new Error(`the schema at ${at} has no example`);
}

export function resolved(document: OpenAPIObject, ref: string): Schema {
  const name = ref.slice('#/components/schemas/'.length);
  const schema = document.components?.schemas?.[name];
  if (!schema) throw new Error(`there is no schema ${ref}`);
  return schema;
}
