import fc from 'fast-check';
import { Rig, serials } from './testing/rig.js';

/** Small enough that licences run out and pairs repeat. */
const assetIds = ['900000001', '900000002', '900000004'];
const devices = serials(12);

type Step =
  | { do: 'associate' | 'disassociate'; adamIds: string[]; serialNumbers: string[] }
  | { do: 'revoke'; serialNumbers: string[] }
  | { do: 'purchase' | 'refund'; adamId: string; count: number }
  | { do: 'add' | 'remove'; adamId: string; serialNumber: string }
  | { do: 'wait'; ms: number };

const someAssets = fc.subarray(assetIds, { minLength: 1 });
const someDevices = fc.subarray(devices, { minLength: 1 });
const limitedAsset = fc.constantFrom('900000001', '900000002');

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('associate' as const, 'disassociate' as const),
    adamIds: someAssets,
    serialNumbers: someDevices,
  }),
  fc.record({ do: fc.constant('revoke' as const), serialNumbers: someDevices }),
  fc.record({
    do: fc.constantFrom('purchase' as const, 'refund' as const),
    adamId: limitedAsset,
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({
    do: fc.constantFrom('add' as const, 'remove' as const),
    adamId: fc.constantFrom(...assetIds),
    serialNumber: fc.constantFrom(...devices),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 1500 }) }),
);

async function perform(rig: Rig, step: Step): Promise<void> {
  switch (step.do) {
    case 'associate':
    case 'disassociate':
      await rig.post(`/assets/${step.do}`, {
        assets: step.adamIds.map((adamId) => ({ adamId })),
        serialNumbers: step.serialNumbers,
      });
      return;
    case 'revoke':
      await rig.post('/assets/revoke', { serialNumbers: step.serialNumbers });
      return;
    case 'wait':
      await rig.clock.advance(step.ms);
      return;
    case 'purchase':
      rig.admin.purchase(rig.uId, step);
      return;
    case 'refund':
      attempt(() => rig.admin.refund(rig.uId, { adamId: step.adamId, count: step.count }));
      return;
    case 'add':
      attempt(() => rig.admin.addAssignment(rig.uId, step));
      return;
    case 'remove':
      attempt(() => rig.admin.removeAssignment(rig.uId, step));
  }
}

/** Some steps are impossible in the state they meet; they must change nothing. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    return;
  }
}

describe('licence counts', () => {
  it('always add up: total = assigned + available, and assigned = the pairs listed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), fc.integer(), async (steps, seed) => {
        const rig = new Rig(seed, { pageSize: 7 });
        for (const step of steps) {
          await perform(rig, step);
          const { assets = [] } = (await rig.get('/assets')).body;
          const listed = await rig.walk('/assignments');
          const pairs = listed.flatMap(({ assignments = [] }) =>
            assignments.map(({ adamId, serialNumber }) => `${adamId} ${serialNumber}`),
          );
          expect(new Set(pairs).size).toBe(pairs.length);
          for (const { adamId, assignedCount, availableCount, totalCount } of assets) {
            expect(assignedCount + availableCount).toBe(totalCount);
            expect(availableCount).toBeGreaterThanOrEqual(0);
            expect(pairs.filter((pair) => pair.startsWith(adamId))).toHaveLength(assignedCount);
          }
        }
      }),
      { numRuns: 60, verbose: 1 },
    );
  });
});

describe('determinism', () => {
  const play = async (seed: number): Promise<string> => {
    const rig = new Rig(seed, { notifications: { drop: 0.3, duplicate: 0.3, shuffleMs: 5_000 } });
    await rig.subscribe();
    await rig.associate(['900000001', '900000002', '900000004'], serials(250).slice(0, 40));
    await rig.run('/users/create', { users: [{ clientUserId: 'u-1' }] });
    await rig.associate(['900000004'], serials(900));
    await rig.clock.advance(10_000);
    return JSON.stringify([rig.token, rig.received, rig.admin.requests(), (await rig.get('/assets')).body]);
  };

  it('repeats a run with the same seed, ids and times included, and only then', async () => {
    const first = await play(42);
    expect(await play(42)).toBe(first);
    expect(await play(43)).not.toBe(first);
  });
});
