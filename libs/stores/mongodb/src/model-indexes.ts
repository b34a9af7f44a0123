import type { Collection, IndexDescription, IndexDescriptionInfo } from 'mongodb';
import { MongoServerError } from 'mongodb';
import type { IndexDeclaration, ModelRef } from '@seatbook/kernel';
import type { StoredDocument } from './stored-document.js';

const NAMESPACE_NOT_FOUND = 26;

/** Deletions by position: they are forgotten in this order. */
export const DELETED_INDEX = 'deleted';

/** The name says what is in it, so that a declaration that changes is another index. */
export const indexNameOf = ({ name, fields }: IndexDeclaration): string => `${name} (${fields.join(', ')})`;

/** Indexes that a model's collection has. Those of its declarations hold live documents only and end with the key. */
const wantedIndexes = (model: ModelRef): readonly (IndexDescription & { readonly name: string })[] => [
  ...model.indexes.map((declaration) => ({
    name: indexNameOf(declaration),
    key: Object.fromEntries([...declaration.fields, '_id'].map((field) => [field, 1 as const])),
    partialFilterExpression: { _live: true },
  })),
  { name: DELETED_INDEX, key: { _position: 1 }, partialFilterExpression: { _deleted: true } },
];

/**
 * Creates the indexes that are missing and compares the others with what is declared.
 * @returns names of indexes that no declaration asks for
 * @throws Error for an index that is not what its name says: answers from it might lack rows
 */
export async function prepareIndexes(
  collection: Collection<StoredDocument>,
  model: ModelRef,
): Promise<readonly string[]> {
  const wanted = wantedIndexes(model);
  const found = new Map((await indexesOf(collection)).map((index) => [index.name, index]));
  for (const index of wanted) {
    const known = found.get(index.name);
    if (!known || shapeOf(known) === shapeOf(index)) continue;
    throw new Error(
      `the index "${index.name}" of ${collection.collectionName} is ${shapeOf(known)} instead of ${shapeOf(index)}: drop it, it is created again at the next start`,
    );
  }
  const missing = wanted.filter(({ name }) => !found.has(name));
  if (missing.length > 0) await collection.createIndexes(missing);
  const names = new Set(['_id_', ...wanted.map(({ name }) => name)]);
  return [...found.keys()].filter((name) => !names.has(name));
}

async function indexesOf(collection: Collection<StoredDocument>): Promise<readonly Named[]> {
  try {
    return (await collection.indexes()).filter((index): index is Named => index.name !== undefined);
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return [];
    throw error;
  }
}

type Named = IndexDescriptionInfo & { readonly name: string };

/** All that decides which rows an index holds and in which order; as text, since the order of the fields counts. */
function shapeOf(index: Readonly<Record<string, unknown>> | IndexDescriptionInfo | IndexDescription): string {
  const { key, partialFilterExpression, unique, sparse, collation, hidden, expireAfterSeconds } =
    index as Record<string, unknown>;
  return JSON.stringify({
    key,
    partialFilterExpression,
    unique,
    sparse,
    collation,
    hidden,
    expireAfterSeconds,
  });
}
