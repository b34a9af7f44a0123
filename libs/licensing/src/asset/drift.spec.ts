import * as wrote from '@seatbook/test-support/asset-history';
import { NOW, deciderSpec } from '@seatbook/test-support/decider-spec';
import { devices } from '@seatbook/test-support/licensing-builders';
import type { Holders } from '../holder.js';
import { assetDecider, type AssetCommand } from './asset-decider.js';
import type { AssetEvent, DriftKind, DriftPolicy } from './asset-events.js';

const given = deciderSpec(assetDecider);
const DAY = 24 * 3_600_000;
const A = devices('A');

const record = (kind: DriftKind, holders: Holders, policy: DriftPolicy, to = NOW): AssetCommand => ({
  type: 'RecordDrift',
  found: {
    kind,
    holders,
    policy,
    from: NOW - 1_000,
    to,
    source: 'console',
    evidence: 'not-announced',
    reference: null,
  },
});
const decide = (decision: 'accept' | 'restore', holders: Holders): AssetCommand => ({
  type: 'DecideDrift',
  decision,
  holders,
});
const assigned = [
  ...wrote.owned(5),
  wrote.reserved('one', A, 1),
  wrote.claimed('call-1', A, [1]),
  wrote.assigned('call-1', 'one', A),
];
const drifts = (events: readonly AssetEvent[]): readonly unknown[] =>
  events.map(({ type, data }) => (type === 'asset.drift-found' ? data : type));

describe('drift of a ledger', () => {
  it.each([
    ['accept', 'accepted'],
    ['restore', 'restoring'],
    ['ask', 'asked'],
  ] as const)('has it follow Apple at once, whatever the policy says (%s)', (policy, decision) => {
    const taken = given(...assigned).when(record('taken', A, policy));
    expect(drifts(taken.events)).toMatchObject([{ ...A, orderId: 'one', before: 'assigned', decision }]);
    taken.thenOnce();
    const without = given(...assigned, ...taken.events).state;
    expect([without.used, without.pairs.size]).toEqual([0, 0]);

    const added = given(...wrote.owned(5)).when(record('added', A, policy));
    expect(drifts(added.events)).toMatchObject([{ ...A, orderId: '', before: 'absent', decision }]);
    added.thenOnce();
    const state = given(...wrote.owned(5), ...added.events).state;
    expect(state.pairs.get('d:A')).toMatchObject({ state: 'assigned', orderId: '' });
  });

  it('is none of a pair that somebody of ours has touched meanwhile', () => {
    const claimed = assigned.slice(0, -1);
    for (const history of [claimed, [...assigned, wrote.returning('two', A, 2)]])
      given(...history)
        .when(record('taken', A, 'accept'))
        .thenNothing();
    given(...claimed)
      .when(record('added', A, 'accept'))
      .thenNothing();
  });

  it('is not what a pair waited for: it has its licence', () => {
    given(...wrote.owned(0), wrote.waits('one', A, 1))
      .when(record('added', A, 'restore'))
      .thenTypes('asset.licenses-assigned');
  });

  it('is ours where an earlier call went unanswered: what was ordered since is put back', () => {
    const late: AssetEvent = {
      type: 'asset.late-effect-possible',
      data: { ...A, callId: 'call-0', action: 'disassociate' },
    };
    const { events } = given(...assigned, late).when(record('taken', A, 'accept'));
    expect(drifts(events)).toMatchObject([
      { source: 'own-late-effect', evidence: 'unanswered-call', reference: 'call-0', decision: 'restoring' },
    ]);
    // Once it has come, what others do is theirs.
    const again = given(...assigned, late, ...events, wrote.adopted(A)).when(record('taken', A, 'accept'));
    expect(drifts(again.events)).toMatchObject([{ source: 'console', decision: 'accepted' }]);
  });

  it('is ours where Apple had said that it failed, and what its order wanted', () => {
    const failed = [...assigned.slice(0, -1), wrote.failed('call-1', 'one', A)];
    const { events } = given(...failed).when(record('added', A, 'restore'));
    expect(drifts(events)).toMatchObject([
      { before: 'failed', source: 'own-late-effect', evidence: 'failed-before', decision: 'accepted' },
    ]);
  });

  it('is not undone a third time within a day, nor where licences cannot be taken back', () => {
    const restored = (to: number): AssetEvent[] => [
      ...given(...wrote.owned(5)).when(record('added', A, 'restore', to)).events,
      ...given(...assigned).when(record('taken', A, 'accept', to)).events,
    ];
    const twice = [...wrote.owned(5), ...restored(NOW), ...restored(NOW + 1_000)];
    const third = given(...twice).when(record('added', A, 'restore', NOW + 2_000));
    expect(drifts(third.events)).toMatchObject([{ decision: 'asked', overruled: 'OSCILLATES' }]);
    const nextDay = given(...twice).when(record('added', A, 'restore', NOW + DAY + 2_000));
    expect(drifts(nextDay.events)).toMatchObject([{ decision: 'restoring', overruled: null }]);

    const irrevocable = given(...wrote.owned(5, { revocable: false })).when(record('added', A, 'restore'));
    expect(drifts(irrevocable.events)).toMatchObject([{ decision: 'asked', overruled: 'NOT_REVOCABLE' }]);
  });

  it('that is asked about is decided once, and only while it waits', () => {
    const asked = [...assigned, ...given(...assigned).when(record('taken', A, 'ask')).events];
    const decided = given(...asked).when(decide('restore', devices('A', 'B')));
    decided.then({ type: 'asset.drift-decided', data: { ...A, kind: 'taken', decision: 'restoring' } });
    decided.thenOnce();
    given(...assigned)
      .when(decide('accept', A))
      .thenNothing();
  });
});
