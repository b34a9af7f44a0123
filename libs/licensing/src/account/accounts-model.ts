import {
  idOf,
  readModel,
  type Change,
  type Envelope,
  type EventOf,
  type Instant,
  type Position,
  type Recorded,
} from '@seatbook/kernel';
import { assetOf } from '../asset-id.js';
import type { AssetEvent, DriftDecision, DriftKind } from '../asset/asset-events.js';
import { holderCount } from '../holder.js';
import type { MdmInfo, TokenRefusal } from '../ports.js';
import {
  DEFAULT_POLICIES,
  type DriftPolicies,
  type ReconciliationEvent,
} from '../reconciliation/reconciliation-events.js';
import type { AccountEvent, AssignmentType, Licences, Platform } from './account-events.js';

/** An account as its users see it. Secrets are not in it: the fingerprint only names the token. */
export interface AccountDocument {
  uId: string;
  name: string;
  platform: Platform;
  assignmentType: AssignmentType;
  orgName: string;
  locationName: string | null;
  countryCode: string | null;
  defaultPlatform: string | null;
  websiteUrl: string | null;
  importedAt: Instant;
  fingerprint: string;
  tokenState: 'active' | TokenRefusal;
  tokenErrorNumber: number | null;
  expiresAt: Instant;
  conflict: { mdmInfo: MdmInfo | null } | null;
  /** It is being given up, or was at `at`; `kept`: licences that stay with their holders, once that is known. */
  givenUp: { licences: Licences; orderedAt: Instant; at: Instant | null; kept: number | null } | null;
  usable: boolean;
  /** Since when its work is held; null while it is usable. */
  heldSince: Instant | null;
  /** Apple accepts nothing that is written, and one small call tries again at `probeAt`; null while it does. */
  writesHeld: { errorNumber: number | null; reason: string; since: Instant; probeAt: Instant } | null;
  owned: boolean;
  owningFailure: string | null;
  notificationUrl: string | null;
  subscribed: boolean;
  subscriptionFailure: string | null;
  /** Totals are of this moment; null before the first read. */
  totalsReadAt: Instant | null;
  assetCount: number | null;
  /** All that Apple held is in the ledger. */
  firstReadAt: Instant | null;
  readFailure: string | null;
  /** What others had changed when there was an alert about it last. */
  driftAlert: { at: Instant; added: number; taken: number; assetCount: number } | null;
  /** Pairs that others gave and took, by what was decided when it was found: all since the account was imported. */
  drifted: Readonly<Record<DriftKind, Readonly<Record<DriftDecision, number>>>>;
  /** What is done about what others give and take. */
  driftPolicies: DriftPolicies;
  position: Position;
}

type AccountChange = Change<AccountDocument>;

const NONE_DRIFTED = { accepted: 0, restoring: 0, asked: 0 };

/** What a ledger says of what others did. */
function drifted({
  stream,
  position,
  data,
}: Recorded & EventOf<AssetEvent, 'asset.drift-found'>): readonly AccountChange[] {
  const evolve: AccountChange['evolve'] = (before) => {
    if (!before) return null;
    const { kind, decision } = data;
    const { drifted: found } = before;
    const counted = { ...found[kind], [decision]: found[kind][decision] + holderCount(data) };
    return { ...before, position, drifted: { ...found, [kind]: counted } };
  };
  return [{ key: assetOf(idOf(stream)).uId, evolve }];
}

/** An account that is there changes by an event. */
const changed =
  <E extends AccountEvent | ReconciliationEvent>(
    changeBy: (data: E['data'], before: AccountDocument) => Partial<AccountDocument>,
  ) =>
  ({ position, data, metadata }: Recorded & E): readonly AccountChange[] => {
    const evolve: AccountChange['evolve'] = (before) => {
      if (!before) return null;
      const account: AccountDocument = { ...before, position, ...changeBy(data, before) };
      const givenUp = account.givenUp !== null && account.givenUp.at !== null;
      const usable = account.tokenState === 'active' && account.conflict === null && !givenUp;
      return { ...account, usable, heldSince: usable ? null : (before.heldSince ?? metadata.recordedAt) };
    };
    return [{ key: data.uId, evolve }];
  };

function imported({
  data,
  position,
}: Envelope<EventOf<AccountEvent, 'account.imported'>>): readonly AccountChange[] {
  const evolve = (): AccountDocument => ({
    uId: data.uId,
    name: data.name,
    platform: data.platform,
    assignmentType: data.assignmentType,
    orgName: data.orgName,
    locationName: data.locationName,
    countryCode: data.countryCode,
    defaultPlatform: data.defaultPlatform,
    websiteUrl: data.websiteUrl,
    importedAt: data.at,
    fingerprint: data.fingerprint,
    expiresAt: data.expiresAt,
    notificationUrl: data.notificationUrl,
    tokenState: 'active',
    tokenErrorNumber: null,
    conflict: null,
    givenUp: null,
    usable: true,
    heldSince: null,
    writesHeld: null,
    owned: false,
    owningFailure: null,
    subscribed: false,
    subscriptionFailure: null,
    totalsReadAt: null,
    assetCount: null,
    firstReadAt: null,
    readFailure: null,
    driftAlert: null,
    drifted: { added: NONE_DRIFTED, taken: NONE_DRIFTED },
    driftPolicies: DEFAULT_POLICIES,
    position,
  });
  return [{ key: data.uId, evolve }];
}

export const accountsModel = readModel<AccountDocument, AccountEvent | AssetEvent | ReconciliationEvent>()({
  name: 'accounts',
  version: 11,
  on: {
    'account.imported': imported,
    'account.token-renewed': changed(({ fingerprint, expiresAt }) => ({
      fingerprint,
      expiresAt,
      tokenState: 'active',
      tokenErrorNumber: null,
    })),
    'account.renamed': changed(({ name }) => ({ name })),
    'account.assignment-type-set': changed(({ assignmentType }) => ({ assignmentType })),
    'account.token-refused': changed(({ state, errorNumber }) => ({
      tokenState: state,
      tokenErrorNumber: errorNumber,
    })),
    'account.token-expired': changed(() => ({ tokenState: 'expired', tokenErrorNumber: null })),
    'account.expiry-revised': changed(() => ({ tokenState: 'active', tokenErrorNumber: null })),
    'account.writes-held': changed(({ errorNumber, reason, at: since, probeAt }) => ({
      writesHeld: { errorNumber, reason, since, probeAt },
    })),
    'account.probe-started': changed(({ probeAt }, { writesHeld }) => ({
      writesHeld: writesHeld && { ...writesHeld, probeAt },
    })),
    'account.writes-accepted': changed(() => ({ writesHeld: null })),
    'account.conflicted': changed(({ mdmInfo }) => ({ conflict: { mdmInfo }, givenUp: null, owned: false })),
    'account.owned': changed(() => ({ owned: true, owningFailure: null, conflict: null, givenUp: null })),
    'account.give-up-ordered': changed(({ licences, at }) => ({
      givenUp: { licences, orderedAt: at, at: null, kept: null },
    })),
    'account.work-ended': changed(({ kept }, { givenUp }) => ({ givenUp: givenUp && { ...givenUp, kept } })),
    'account.release-failed': changed(({ reason }) => ({ owningFailure: reason })),
    'account.given-up': changed(({ at }, { givenUp }) => ({
      givenUp: givenUp && { ...givenUp, at },
      owned: false,
      owningFailure: null,
      subscribed: false,
    })),
    'account.removed': ({ data: { uId } }) => [{ key: uId, evolve: () => null }],
    'account.owning-failed': changed(({ reason }) => ({ owningFailure: reason })),
    'account.notifications-wanted': changed(({ notificationUrl }) => ({
      notificationUrl,
      subscribed: false,
      subscriptionFailure: null,
    })),
    'account.subscribed': changed(() => ({ subscribed: true, subscriptionFailure: null })),
    'account.subscription-failed': changed(({ reason }) => ({ subscriptionFailure: reason })),
    'account.address-lost': changed(() => ({ subscribed: false })),
    'reconciliation.totals-completed': changed(({ readAt, assets }) => ({
      totalsReadAt: readAt,
      assetCount: assets,
      readFailure: null,
    })),
    'reconciliation.first-read-completed': changed(({ at }) => ({ firstReadAt: at, readFailure: null })),
    'reconciliation.drift-alerted': changed(({ at, added, taken, assetCount }) => ({
      driftAlert: { at, added, taken, assetCount },
    })),
    'asset.drift-found': drifted,
    'reconciliation.policy-set': changed(({ added, taken }) => ({ driftPolicies: { added, taken } })),
    'reconciliation.read-failed': changed(({ reason }) => ({ readFailure: reason })),
  },
  indexes: [{ name: 'by-import', fields: ['importedAt'] }],
});
