import { queryModels } from '@seatbook/licensing';
import type { Reader } from './reader.js';

it('does not compile for an index that the model does not have', () => {
  const pages = (reader: Reader) => [
    reader.page(queryModels.accounts, { index: 'by-import', equals: [] }, { part: { limit: 1 } }),
    // @ts-expect-error accounts have no such index
    reader.page(queryModels.accounts, { index: 'by-colour', equals: [] }, { part: { limit: 1 } }),
    // @ts-expect-error that is an index of orders
    reader.all(queryModels.accounts, { index: 'by-account', equals: [] }),
  ];
  expect(pages).toHaveLength(1);
});
