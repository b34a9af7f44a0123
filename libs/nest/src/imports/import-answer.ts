import type { ImportFound } from '@seatbook/application';
import { Anything, Links, OneOf, Part, PartOrNull, Text, TextOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

/** Why an import was refused: what its request would have been answered. */
export class ImportRefusal {
  @Text('REJECTED_TOKEN_REVOKED', 'The error code.')
  code!: string;

  @Text(
    'Apple refuses this token: it was revoked; download a new one in Apple Business Manager',
    'For people.',
  )
  detail!: string;

  @Anything({ errorNumber: 9625, state: 'revoked' }, 'What the refusal rests on; depends on the code.')
  facts!: Readonly<Record<string, unknown>>;
}

/** One import of a token, from its request to the answer of the account. */
export class ImportAnswer {
  @Text('2b8c1d4e-6f7a-8b9c-8d0e-1f2a3b4c5d6e')
  importId!: string;

  @OneOf(['ImportToken', 'RenewToken'], 'ImportToken')
  kind!: string;

  @OneOf(['working', 'accepted', 'refused'], 'working')
  state!: string;

  @TextOrNull(null, 'The account that took the token.')
  accountId!: string | null;

  @PartOrNull(() => ImportRefusal, 'Null unless it was refused.')
  refusal!: ImportRefusal | null;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;

  @Links({ self: '/api/v1/imports/2b8c1d4e-6f7a-8b9c-8d0e-1f2a3b4c5d6e' })
  links!: { self: string };
}

export const importAnswer = ({ importId, kind, state, uId, refusal, asOf }: ImportFound): ImportAnswer => ({
  importId,
  kind: kind === 'import' ? 'ImportToken' : 'RenewToken',
  state,
  accountId: uId,
  refusal: refusal && { code: refusal.code, detail: refusal.message, facts: refusal.facts },
  asOf: asOfAnswer(asOf),
  links: { self: `${API}/imports/${encodeURIComponent(importId)}` },
});
