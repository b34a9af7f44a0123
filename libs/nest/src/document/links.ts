/** As OpenAPI has it: an operation that may follow an answer, and which of its parameters the answer gives. */
export interface Link {
  readonly operationId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Links of an answer to operations that take one of their parameters from a place in its body, a JSON pointer. */
export const linksTo = (
  operationIds: readonly string[],
  parameter: string,
  place: string,
): Record<string, Link> =>
  Object.fromEntries(
    operationIds.map((operationId) => [
      operationId,
      { operationId, parameters: { [parameter]: `$response.body#${place}` } },
    ]),
  );
