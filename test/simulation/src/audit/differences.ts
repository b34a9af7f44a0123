import { assetAsOf, streamDifferences, type Difference } from '@seatbook/application';
import { START, type Envelope, type Position } from '@seatbook/kernel';
import { assetKey, queryModels, type PairDocument, type Subject } from '@seatbook/licensing';
import { countedAs, differencesWrong, differing } from '@seatbook/test-support/differing-pairs';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from '../world.js';

/** What differs between two moments is what both say, of each ledger as the log has it, and of each account as it is asked. */
export async function auditDifferences(world: World, log: readonly Envelope[]): Promise<string[]> {
  const ledgers = new Set(log.map(({ stream }) => stream).filter((stream) => stream.startsWith('asset-')));
  const wrong = [...ledgers].flatMap((ledger) =>
    differencesWrong(log.filter(({ stream }) => stream === ledger)).map((what) => `${ledger}: ${what}`),
  );
  const from = log[Math.floor(log.length / 3)]?.position ?? START;
  const to = log.at(-1)?.position ?? START;
  for (const site of world.sites) {
    const { uId } = site;
    if (!(await world.virtual.stores.reads.get(queryModels.accounts, uId))) continue;
    const told = await differencesOf(world, { kind: 'account', id: uId }, from, to);
    const expected: string[] = [];
    for (const adamId of site.adamIds)
      expected.push(
        ...differing(await statesAt(world, uId, adamId, from), await statesAt(world, uId, adamId, to)),
      );
    if (told.join() !== expected.sort().join())
      wrong.push(`of ${uId} differ ${expected.join()}, and ${told.join()} is told`);
  }
  return wrong;
}

async function differencesOf(
  { virtual }: World,
  subject: Subject,
  from: Position,
  to: Position,
): Promise<readonly string[]> {
  const period = { from: { position: from, time: 0 }, to: { position: to, time: 0 } };
  const all: Difference[] = [];
  const ask = async (): Promise<void> => {
    for await (const page of await streamDifferences(virtual.edge, { subject, period })) all.push(...page);
  };
  await virtual.until(ask());
  return all
    .flatMap((one) =>
      one.what === 'pair'
        ? [`${assetKey(one.uId, one.asset)}|${one.holder} ${one.before ?? 'none'} ${one.after ?? 'none'}`]
        : [],
    )
    .sort();
}

async function statesAt(
  { virtual }: World,
  uId: string,
  adamId: string,
  position: Position,
): Promise<ReadonlyMap<string, string>> {
  const then = await virtual.until(assetAsOf(virtual.edge, uId, stdq(adamId), position));
  return new Map((then?.pairs ?? []).map(stateOf));
}

const stateOf = ({ asset, spelledAs, state }: PairDocument): [string, string] => [
  `${asset}|${spelledAs}`,
  countedAs(state),
];
