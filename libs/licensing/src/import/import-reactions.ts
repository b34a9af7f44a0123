import { messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import { importStream } from '../streams.js';

const accepted = ({ data: { importId } }: { readonly data: { readonly importId: string } }) => [
  messageTo(importStream(importId), { type: 'RecordAccountAnswer', refusal: null }),
];

/** What the account made of the token goes back to the import. */
const takeAnswer = reaction<AccountEvent>('import.take-answer', {
  'account.imported': accepted,
  'account.token-renewed': accepted,
  'account.token-kept': accepted,
  'account.import-refused': ({ data: { importId, refusal } }) => [
    messageTo(importStream(importId), { type: 'RecordAccountAnswer', refusal }),
  ],
});

export const importReactions: readonly Reaction[] = [takeAnswer];
