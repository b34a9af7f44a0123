import type { AssetEvent, ReconciliationEvent } from '@seatbook/licensing';
import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const PAGES = '900000001';
const KEYNOTE = '900000002';
const MINUTE = 60_000;
const ROUND = 15 * MINUTE + 30_000;

type Found = Extract<AssetEvent, { type: 'asset.drift-found' }>['data'];

describe('what others do to licences', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());

  /** Two apps: of one Apple holds a hundred pairs, of the other we have assigned ten. */
  const started = async (options = {}): Promise<void> => {
    virtual = await VirtualSeatbook.open(options);
    virtual.createLocation([asset(PAGES, 500), asset(KEYNOTE, 50)]);
    virtual.simulator.admin.seedAssignments(UID, { adamId: PAGES, serialNumbers: serials(100) });
    await virtual.import();
    await virtual.advance(5_000);
    const { orderId } = await virtual.place({ assets: [stdq(KEYNOTE)], serialNumbers: serials(10) });
    await virtual.finished(orderId);
    await virtual.advance(ROUND);
  };
  const give = (adamId: string, ...serialNumbers: string[]): void => {
    for (const serialNumber of serialNumbers)
      virtual.simulator.admin.addAssignment(UID, { adamId, serialNumber });
  };
  const take = (adamId: string, ...serialNumbers: string[]): void => {
    for (const serialNumber of serialNumbers)
      virtual.simulator.admin.removeAssignment(UID, { adamId, serialNumber });
  };
  const found = async (): Promise<Found[]> =>
    (await virtual.events()).flatMap(({ type, data }) =>
      type === 'asset.drift-found' ? [data as Found] : [],
    );
  const ofType = async (type: (AssetEvent | ReconciliationEvent)['type']): Promise<readonly unknown[]> =>
    (await virtual.events()).filter((event) => event.type === type).map(({ data }) => data);
  const compare = async (): Promise<void> => {
    const request = { type: 'RequestTotals', reason: 'the spec asks', delayMs: 0 } as const;
    await virtual.until(virtual.reconcile(request));
    await virtual.advance(10_000);
  };
  const requests = (since = 0): string[] =>
    virtual.simulator.admin.requests(since, 10_000).map(({ path }) => path);
  const lastRequest = (): number => virtual.simulator.admin.requests(0, 10_000).at(-1)?.n ?? 0;
  const expectSame = async (): Promise<void> => {
    for (const adamId of [PAGES, KEYNOTE])
      expect((await virtual.pairs(adamId)).assigned ?? []).toEqual(virtual.atApple(adamId));
  };

  it('is looked for with two requests where nothing differs', async () => {
    await started();
    const before = lastRequest();
    await virtual.advance(ROUND);
    const paths = requests(before);
    expect(paths.filter((path) => path.includes('/assets'))).toHaveLength(1);
    expect(paths.filter((path) => path.includes('/assignments'))).toHaveLength(1);
    expect(paths.filter((path) => path.includes('/users'))).toHaveLength(0);
    expect(await found()).toEqual([]);
  });

  it('is found within one round where it changes a number, and only that asset is walked', async () => {
    await started();
    const before = lastRequest();
    const from = virtual.clock.now();
    give(PAGES, 'OTHER00001', 'OTHER00002');
    await virtual.advance(ROUND);
    await expectSame();
    const [drift, ...more] = await found();
    expect(more).toEqual([]);
    expect(drift).toMatchObject({
      kind: 'added',
      before: 'absent',
      serialNumbers: ['OTHER00001', 'OTHER00002'],
      source: 'console',
      evidence: 'not-announced',
      decision: 'accepted',
    });
    expect(drift?.from).toBeLessThanOrEqual(from);
    expect(drift?.from).toBeGreaterThan(from - ROUND);
    expect(drift?.to).toBeGreaterThan(from);
    expect(requests(before).filter((path) => path.includes(`/assignments?adamId=${KEYNOTE}`))).toEqual([]);
    expect(await ofType('reconciliation.drift-alerted')).toMatchObject([
      { added: 2, taken: 0, assetCount: 1 },
    ]);
  });

  it('shows at the asset from the moment on that the numbers differ, until a walk has told what it is', async () => {
    await started();
    const { admin } = virtual.simulator;
    // The delta is read, and the walk is not.
    const ruleId = admin.addErrorRule({
      match: { path: '/assignments' },
      skip: 1,
      times: 'forever',
      status: 503,
    });
    const before = virtual.clock.now();
    take(KEYNOTE, ...serials(2));
    await virtual.advance(ROUND);
    const { assigned, appleAssigned, differsSince } = await virtual.assetDocument(KEYNOTE);
    expect({ assigned, appleAssigned }).toEqual({ assigned: 10, appleAssigned: 8 });
    expect(differsSince).toBeGreaterThan(before);
    expect(differsSince).toBeLessThanOrEqual(before + ROUND);
    expect((await virtual.assetDocument(PAGES)).differsSince).toBeNull();
    admin.clearErrorRules(ruleId);
    await virtual.advance(ROUND);
    expect(await virtual.assetDocument(KEYNOTE)).toMatchObject({
      assigned: 8,
      appleAssigned: 8,
      differsSince: null,
    });
  });

  it('is found within one round where one pair is swapped for another and Apple names the new one', async () => {
    await started();
    take(KEYNOTE, serials(10)[3] ?? '');
    give(KEYNOTE, 'OTHER00001');
    await virtual.advance(ROUND);
    await expectSame();
    expect((await found()).map(({ kind, serialNumbers }) => [kind, serialNumbers])).toEqual([
      ['taken', [serials(10)[3]]],
      ['added', ['OTHER00001']],
    ]);
  });

  it('is found by the walk of all assets where neither a number nor the delta shows it', async () => {
    await started({ timings: { walkAllEveryMs: 4 * ROUND } });
    virtual.simulator.admin.setFaults({ assignmentDelta: 'nothing' });
    take(PAGES, 'S000000003');
    give(PAGES, 'OTHER00001');
    await virtual.advance(ROUND);
    expect(await found()).toEqual([]);
    await virtual.advance(4 * ROUND);
    await expectSame();
    expect((await found()).map(({ kind }) => kind).sort()).toEqual(['added', 'taken']);
    expect(await ofType('reconciliation.drift-alerted')).toHaveLength(1);
  });

  it('is no matter of who does it by a call of another tool: Apple announces an event that none of ours knows', async () => {
    await started();
    await virtual.anotherTool('associate', PAGES, ['OTHER00001']);
    await virtual.advance(5 * MINUTE);
    await expectSame();
    const [event] = (await ofType('reconciliation.foreign-event-noted')) as { appleEventId: string }[];
    expect(await found()).toMatchObject([
      { source: 'another-tool', evidence: 'foreign-event', reference: event?.appleEventId },
    ]);
  });

  it("is another tool's from the moment on that Apple announces it", async () => {
    await started();
    await virtual.anotherTool('associate', PAGES, ['OTHER00001']);
    await virtual.anotherTool('disassociate', KEYNOTE, serials(1));
    give(KEYNOTE, 'OTHER00002');
    await virtual.advance(20_000);
    await compare();
    expect(await ofType('reconciliation.foreign-event-noted')).toEqual([]);
    const bySource = (await found()).map(({ serialNumbers, source, evidence }) => [
      serialNumbers[0],
      source,
      evidence,
    ]);
    expect(bySource.sort()).toEqual([
      ['OTHER00001', 'another-tool', 'foreign-event'],
      ['OTHER00002', 'console', 'not-announced'],
      ['S000000000', 'another-tool', 'foreign-event'],
    ]);
  });

  it('is not of who has only done the opposite before', async () => {
    await started();
    virtual.simulator.admin.setFaults({ notifications: { delayMs: MINUTE } });
    await virtual.anotherTool('associate', PAGES, ['OTHER00001']);
    await virtual.advance(20_000);
    await compare();
    await virtual.advance(MINUTE);
    take(PAGES, 'OTHER00001');
    await compare();
    expect((await found()).map(({ kind, source }) => [kind, source])).toEqual([
      ['added', 'console'],
      ['taken', 'console'],
    ]);
  });

  it('may have happened since the walk before, where work of ours hid it from the numbers', async () => {
    await started();
    virtual.simulator.admin.setFaults({ eventDelayMs: { min: 2 * MINUTE, max: 2 * MINUTE } });
    const [returned = '', taken = ''] = serials(2);
    await virtual.place({ kind: 'ReturnLicense', assets: [stdq(KEYNOTE)], serialNumbers: [returned] });
    await virtual.advance(10_000);
    const at = virtual.clock.now();
    take(KEYNOTE, taken);
    await virtual.advance(10_000);
    await compare();
    expect(await found()).toEqual([]);
    await virtual.advance(5 * MINUTE);
    await compare();
    const [drift] = await found();
    expect(drift).toMatchObject({ kind: 'taken', serialNumbers: [taken] });
    expect(drift?.from).toBeLessThanOrEqual(at);
  });

  it('is found also where no notification comes', async () => {
    await started({ publicUrl: null });
    take(KEYNOTE, ...serials(2));
    await virtual.advance(ROUND);
    await expectSame();
    expect(await found()).toMatchObject([
      { kind: 'taken', source: 'unknown', evidence: 'not-subscribed', decision: 'asked' },
    ]);
  });

  it('is undone by an order where that is the policy, but not the third time within a day', async () => {
    await started();
    await virtual.until(virtual.reconcile({ type: 'SetDriftPolicies', policies: { taken: 'restore' } }));
    const [victim = ''] = serials(1);
    for (let time = 1; time <= 3; time += 1) {
      take(KEYNOTE, victim);
      await virtual.advance(ROUND);
      await virtual.advance(MINUTE);
      expect(virtual.atApple(KEYNOTE).includes(victim)).toBe(time < 3);
    }
    await expectSame();
    expect((await found()).map(({ decision, overruled }) => [decision, overruled])).toEqual([
      ['restoring', null],
      ['restoring', null],
      ['asked', 'OSCILLATES'],
    ]);
    expect((await virtual.account())?.drifted).toEqual({
      added: { accepted: 0, restoring: 0, asked: 0 },
      taken: { accepted: 0, restoring: 2, asked: 1 },
    });
    const ledger = await virtual.ledger(KEYNOTE);
    expect([...ledger.asked]).toEqual([[`d:${victim}`, 'taken']]);
  });

  it('leaves our own work alone that goes on at the same time', async () => {
    await started();
    virtual.simulator.admin.setFaults({ latencyMs: { min: 300, max: 900 }, pageSize: 3 });
    for (let order = 0; order < 12; order += 1) {
      const kind = order % 3 === 2 ? 'ReturnLicense' : 'AssignLicense';
      await virtual.place({
        kind,
        assets: [stdq(PAGES), stdq(KEYNOTE)],
        serialNumbers: serials(4, 200 + 2 * order),
      });
      if (order % 4 === 0)
        await virtual.until(virtual.reconcile({ type: 'RequestSync', syncId: `s${order}`, full: true }));
      await virtual.advance(7_000);
    }
    await virtual.advance(3 * ROUND);
    expect(await found()).toEqual([]);
    await expectSame();
  });

  it('is looked for again where Apple does not say who holds what; who waits for licences gets those that were bought', async () => {
    await started();
    const { admin } = virtual.simulator;
    const { orderId } = await virtual.place({ assets: [stdq(KEYNOTE)], serialNumbers: serials(45, 100) });
    await virtual.advance(MINUTE);
    expect((await virtual.assetDocument(KEYNOTE)).waiting).toBe(5);
    const ruleId = admin.addErrorRule({ match: { path: '/assignments' }, times: 'forever', status: 503 });
    take(PAGES, 'S000000003');
    admin.purchase(UID, { adamId: KEYNOTE, count: 5 });
    await virtual.finished(orderId, ROUND);
    expect(await found()).toEqual([]);
    admin.clearErrorRules(ruleId);
    await virtual.advance(ROUND);
    expect(await found()).toMatchObject([{ kind: 'taken', serialNumbers: ['S000000003'] }]);
  });

  it('shows in the number of licences with where they came from', async () => {
    await started();
    const { admin } = virtual.simulator;
    admin.createLocation({ uId: '7700000000000002', name: 'Lyon', country: 'FR' });
    admin.purchase(UID, { adamId: PAGES, count: 10 });
    await virtual.advance(MINUTE);
    admin.refund(UID, { adamId: PAGES, count: 3 });
    await virtual.advance(MINUTE);
    admin.transfer(UID, { adamId: PAGES, count: 4, to: '7700000000000002' });
    await virtual.advance(MINUTE);
    expect(await ofType('asset.count-changed')).toMatchObject([
      { before: { total: 500 }, after: { total: 510 }, source: 'purchase' },
      { before: { total: 510 }, after: { total: 507, retired: 3 }, source: 'refund' },
      { before: { total: 507 }, after: { total: 503 }, source: 'transfer' },
    ]);
  });
});
