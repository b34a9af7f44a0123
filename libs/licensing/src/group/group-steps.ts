import { idOf, type Instant, type Step, type Steps } from '@seatbook/kernel';
import { assetKey } from '../asset-id.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import type { AssetId, LicensingPorts } from '../ports.js';
import { assetStream, groupStream, orderStream, type AssetLedger, type OrderState } from '../streams.js';
import type { OrderTerms } from '../order/order-events.js';
import { settingsInForce } from '../settings-in-force.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { GroupCommand } from './group-decider.js';
import { isAnswered, nextJoining, standsFor, type Group } from './group-state.js';

type GroupStep = Step<Group, LicensingPorts, GroupCommand>;

/** Assets that leavers are looked up for at a time: each of them may become an order. */
const ASSETS_AT_ONCE = 20;

const serveJoiners: GroupStep = {
  due: (group) => (nextJoining(group) === null ? null : { at: 0 }),
  async perform({ standing }, ports, stream) {
    const install: string[] = [];
    for (const { uId, asset } of ports.mdm ? standing.values() : [])
      if ((await settingsInForce(ports.look, uId, asset.adamId)).mandatory)
        install.push(assetKey(uId, asset));
    return [{ type: 'ServeJoiners', groupId: idOf(stream), install }];
  },
};

/** What a leaver holds by the group's orders goes back, unless another order or another group wants it as well. */
const serveLeavers: GroupStep = {
  due: (group) => (group.leaving.size === 0 || !isAnswered(group) ? null : { at: 0 }),
  async perform(group, ports, stream) {
    const groupId = idOf(stream);
    const standing = [...group.standing.values()];
    // Few at a time where there are many assets: each asset may become an order that names them all.
    const few = standing.length > ASSETS_AT_ONCE ? Math.ceil(MAX_HOLDERS / standing.length) : MAX_HOLDERS;
    const leavers = [...group.leaving].slice(0, few);
    const wanted = new WantedElsewhere(groupId, ports);
    const returns = [];
    for (const { uId, asset } of standing) {
      const held = await ports.look(assetStream(uId, asset), (ledger) => ordersOf(leavers, ledger));
      const back: HolderKey[] = [];
      for (const [key, orderIds] of held) {
        if (group.members.has(key)) continue;
        if (!(await wanted.by(orderIds, key, uId, asset))) back.push(key);
      }
      if (back.length > 0) returns.push({ uId, asset, holders: holdersOf(back) });
    }
    return [{ type: 'ServeLeavers', groupId, leavers: holdersOf(leavers), returns }];
  },
};

/** The orders that want what these hold or wait for; who has nothing, or is giving it back, is left out. */
function ordersOf(
  leavers: readonly HolderKey[],
  ledger: AssetLedger,
): (readonly [HolderKey, readonly string[]])[] {
  return leavers.flatMap((key) => {
    const { pairs, spellings } = ledger;
    const pair = pairs.get(key) ?? pairs.get(spellings.get(key)?.[0] ?? key);
    if (!pair || pair.state === 'failed') return [];
    const { followUp, also = [] } = pair;
    const returned = pair.state === 'returning' || followUp?.action === 'return';
    if (returned && followUp?.action !== 'assign') return [];
    return [[key, [followUp?.action === 'assign' ? followUp.orderId : pair.orderId, ...also]] as const];
  });
}

/** The terms of an order that acts; null of one that was not placed, or not yet. */
const placedTerms = (order: OrderState): OrderTerms | null =>
  order.phase === 'placed' || order.phase === 'reserved' || order.phase === 'finished' ? order.terms : null;

/** Says whether anybody but one group wants what a leaver holds. */
class WantedElsewhere {
  readonly #groupOf = new Map<string, string | null>();

  constructor(
    private readonly groupId: string,
    private readonly ports: LicensingPorts,
  ) {}

  async by(orderIds: readonly string[], key: HolderKey, uId: string, asset: AssetId): Promise<boolean> {
    for (const orderId of orderIds) {
      const groupId = await this.#group(orderId);
      if (groupId === this.groupId) continue;
      if (groupId === null) return true;
      // An order of a group that does not follow is one to those who were its members then.
      const wants = await this.ports.look(
        groupStream(groupId),
        (other) => !other.follows || (other.members.has(key) && standsFor(uId, asset, other)),
      );
      if (wants) return true;
    }
    return false;
  }

  /** The group that an order was for; null: for none. What Apple held before us, no order of ours gave. */
  async #group(orderId: string): Promise<string | null> {
    const known = this.#groupOf.get(orderId);
    if (known !== undefined) return known;
    const groupId =
      orderId === ''
        ? null
        : await this.ports.look(orderStream(orderId), (order) => placedTerms(order)?.groupId ?? null);
    this.#groupOf.set(orderId, groupId);
    return groupId;
  }
}

const firstWithdrawal = (admitted: Group['admitted']): Instant =>
  Math.min(...[...admitted.values()].map(({ withdrawAt }) => withdrawAt));

/** An order that was admitted is there by now, or never will be. */
const withdraw: GroupStep = {
  due: ({ admitted }) => (admitted.size === 0 ? null : { at: firstWithdrawal(admitted) }),
  async perform({ admitted }, ports) {
    // The earliest is due, also where a clock that was ahead has noted it.
    const due = Math.max(ports.clock.now(), firstWithdrawal(admitted));
    const commands: GroupCommand[] = [];
    for (const [orderId, { withdrawAt }] of admitted) {
      if (withdrawAt > due) continue;
      const placed = await ports.look(orderStream(orderId), (order) => placedTerms(order) !== null);
      commands.push({ type: placed ? 'AnswerOrder' : 'WithdrawOrder', orderId });
    }
    return commands;
  },
};

export const groupSteps = {
  'serve-joiners': serveJoiners,
  'serve-leavers': serveLeavers,
  withdraw,
} satisfies Steps<Group, LicensingPorts, GroupCommand>;

export const groupWaits = ({ placeWithinMs, answerWithinMs }: Timings): LongestWaits<typeof groupSteps> => ({
  'serve-joiners': 0,
  'serve-leavers': 0,
  withdraw: placeWithinMs + answerWithinMs,
});
