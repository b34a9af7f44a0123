import type { OpenAPIObject } from '@nestjs/swagger';
import type { ErrorCode } from '@seatbook/kernel';
import type { REFUSALS } from './api-refusals.js';
import type { Schema } from './schema-example.js';

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  schema: Record<string, unknown>;
  example?: unknown;
  description?: string;
}

export interface Content {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { $ref: string }>;
}

export interface Response {
  description: string;
  content?: Record<string, Content>;
  headers?: Record<string, { $ref: string }>;
}

/** As much of an operation as is completed. */
export interface Operation {
  readonly operationId: string;
  readonly parameters?: Parameter[];
  readonly requestBody?: { content: Record<string, Content> };
  readonly responses: Record<string, Response>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  [REFUSALS]?: readonly ErrorCode[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export const operationsOf = (
  document: OpenAPIObject,
): readonly { readonly path: string; readonly method: string; readonly operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as unknown as Operation | undefined;
      return operation ? [{ path, method, operation }] : [];
    }),
  );
