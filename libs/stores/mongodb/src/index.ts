export { openMongoStores } from './open.js';
export type { MongoStores, MongoStoresOptions } from './open.js';
export { collectionName } from './read-store.js';
export { indexNameOf } from './model-indexes.js';
