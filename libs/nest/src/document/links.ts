/** As OpenAPI has it: an operation that may follow an answer, and which of its parameters the answer gives. */
export interface Link {
  readonly operationId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Links of an answer, by the operation that each leads to. */
export const linksTo = (operations: Readonly<Record<string, Link['parameters']>>): Record<string, Link> =>
  Object.fromEntries(
    Object.entries(operations).map(([operationId, parameters]) => [operationId, { operationId, parameters }]),
  );
