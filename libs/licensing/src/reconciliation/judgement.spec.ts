import { deciderSpec } from '@seatbook/test-support/decider-spec';
import { LOCATION, PAGES, devices } from '@seatbook/test-support/licensing-builders';
import * as wrote from '@seatbook/test-support/asset-history';
import { assetDecider } from '../asset/asset-decider.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { AppleApi, AppleAssignment, LicensingPorts } from '../ports.js';
import type { AssetLedger } from '../streams.js';
import { judge, type Judgement } from './judgement.js';

const given = deciderSpec(assetDecider);
const [A, B] = [devices('A'), devices('B')];

/** What is judged of an asset where Apple holds these devices, and the ledger is one after the other as it is looked at. */
async function judged(held: readonly string[], ...histories: readonly (readonly AssetEvent[])[]) {
  const ledgers: AssetLedger[] = histories.map((history) => given(...history).state);
  const records = held.map((serialNumber): AppleAssignment => ({
    ...PAGES,
    serialNumber,
    clientUserId: null,
  }));
  const apple: Pick<AppleApi, 'assignments' | 'holds'> = {
    assignments: () => Promise.resolve({ ok: true, value: { records, versionId: 'v1', moved: false } }),
    holds: (_access, _asset, holder) =>
      Promise.resolve({ ok: true, value: 'serialNumber' in holder && held.includes(holder.serialNumber) }),
  };
  let looks = 0;
  const ports = {
    apple,
    look: (_stream: string, at: (ledger: AssetLedger | undefined) => unknown) =>
      Promise.resolve(at(ledgers[Math.min(looks++, ledgers.length - 1)])),
  } as unknown as LicensingPorts;
  const result = await judge(PAGES, held.length, { uId: LOCATION, token: '', mdmId: null }, ports);
  expect(result.ok).toBe(true);
  const { added, taken, leftOut } = (result as { readonly value: Judgement }).value;
  return { added, taken, leftOut };
}

const owned = wrote.owned(5);
const reserved = [...owned, wrote.reserved('one', A, 1)];
const claimed = [...reserved, wrote.claimed('call-1', A, [1])];
const assigned = [...claimed, wrote.assigned('call-1', 'one', A)];
const returning = [...assigned, wrote.returning('two', A, 2)];

describe('pairs in which Apple and a ledger differ', () => {
  it('are judged where no work of ours is about them', async () => {
    expect(await judged(['B'], assigned)).toEqual({ added: ['d:B'], taken: ['d:A'], leftOut: 0 });
    expect(await judged(['A'], assigned)).toEqual({ added: [], taken: [], leftOut: 0 });
  });

  it.each([
    ['is to be given', ['A'], reserved],
    ['is being given', ['A'], claimed],
    ['is being returned', [], returning],
  ] as const)(
    'are left out, and counted, where a licence %s and Apple has it so already',
    async (_w, held, of) => {
      expect(await judged(held, of)).toEqual({ added: [], taken: [], leftOut: 1 });
      expect(await judged(held, owned, of)).toEqual({ added: [], taken: [], leftOut: 1 });
    },
  );

  it.each([
    ['given', [], claimed],
    ['returned', ['A'], returning],
  ] as const)('are none where a licence is being %s and Apple has not done it', async (_what, held, of) => {
    expect(await judged(held, of)).toEqual({ added: [], taken: [], leftOut: 0 });
  });

  it('are left out, and counted, where work of ours began while they were read again', async () => {
    expect(await judged(['A'], owned, owned, claimed)).toEqual({ added: [], taken: [], leftOut: 1 });
    expect(await judged([], assigned, assigned, returning)).toEqual({ added: [], taken: [], leftOut: 1 });
    const other = [...assigned, wrote.reserved('three', B, 2)];
    expect(await judged(['B'], assigned, assigned, other)).toEqual({ added: [], taken: ['d:A'], leftOut: 1 });
  });
});
