import type { HealthReport, WorkerPace } from '@seatbook/application';
import type { AccountDocument } from '@seatbook/licensing';
import type { Metric, Sample } from './metrics-text.js';

/** What is measured of. Accounts beyond the first thousand are left out, so that the series have an end. */
export interface Measured {
  readonly health: HealthReport;
  readonly accounts: readonly AccountDocument[];
  readonly now: number;
}

const SECOND_MS = 1_000;

/** What operators watch. Labels name accounts, read models and partitions, never assets, holders or orders. */
export const metricsOf = ({ health, accounts, now }: Measured): readonly Metric[] => [
  gauge('seatbook_ready', 'Whether the product is ready to work.', [
    { value: Number(health.reasons.length === 0) },
  ]),
  gauge(
    'seatbook_read_model_lag_seconds',
    'Since the first event was recorded that the read model does not reflect.',
    health.models.map(({ model, lagMs }) => ({ labels: { model }, value: lagMs / SECOND_MS })),
  ),
  gauge('seatbook_parked_items', 'Work that failed past its budget and waits for a person.', [
    { value: health.parked },
  ]),
  ...ofRequests(health.paces, now),
  ...ofAccounts(accounts),
];

/** Locations of which nothing is said have no request under way. */
function ofRequests(paces: readonly WorkerPace[], now: number): readonly Metric[] {
  // Two workers may speak for one location while its work moves from one to the other.
  const byAccount = new Map<string, readonly WorkerPace[]>();
  for (const pace of paces) byAccount.set(pace.of, [...(byAccount.get(pace.of) ?? []), pace]);
  const each = (value: (all: readonly WorkerPace[]) => number, lane?: string): Sample[] =>
    [...byAccount].map(([account, all]) => ({
      labels: { account, ...(lane === undefined ? {} : { lane }) },
      value: value(all),
    }));
  const sum = (count: (pace: WorkerPace) => number) => (all: readonly WorkerPace[]) =>
    all.reduce((total, pace) => total + count(pace), 0);
  const longest = (waitMs: (pace: WorkerPace) => number) => (all: readonly WorkerPace[]) =>
    Math.max(...all.map(waitMs)) / SECOND_MS;
  return [
    gauge('seatbook_apple_requests_queued', 'Requests to Apple that wait for their turn.', [
      ...each(
        sum(({ queuedWrites }) => queuedWrites),
        'write',
      ),
      ...each(
        sum(({ queuedReads }) => queuedReads),
        'read',
      ),
    ]),
    gauge('seatbook_apple_requests_in_flight', 'Requests to Apple that are not answered yet.', [
      ...each(
        sum(({ writesInFlight }) => writesInFlight),
        'write',
      ),
      ...each(
        sum(({ readsInFlight }) => readsInFlight),
        'read',
      ),
    ]),
    gauge(
      'seatbook_apple_oldest_wait_seconds',
      'How long the request has waited for its turn that waits for longest.',
      each(longest(({ oldestWaitMs }) => oldestWaitMs)),
    ),
    gauge(
      'seatbook_apple_held_seconds',
      'How much longer nothing is sent, because Apple asked us to wait.',
      each(longest(({ heldUntil }) => Math.max(0, (heldUntil ?? now) - now))),
    ),
  ];
}

const ofAccounts = (accounts: readonly AccountDocument[]): readonly Metric[] => [
  {
    name: 'seatbook_drift_pairs_total',
    type: 'counter',
    help: 'Pairs that others gave or took, by what was decided when it was found.',
    samples: accounts.flatMap(({ uId: account, drifted }) =>
      Object.entries(drifted).flatMap(([kind, decisions]) =>
        Object.entries(decisions).map(([decision, value]) => ({
          labels: { account, kind, decision },
          value,
        })),
      ),
    ),
  },
  moments(
    'seatbook_drift_alert',
    'When there was an alert about drift last.',
    accounts,
    ({ driftAlert }) => driftAlert?.at ?? null,
  ),
  moments(
    'seatbook_totals_read',
    'When all totals of the account were last read.',
    accounts,
    ({ totalsReadAt }) => totalsReadAt,
  ),
  moments('seatbook_token_expiry', 'When the token in use expires.', accounts, ({ expiresAt }) => expiresAt),
];

/** One of each account that has it. */
const moments = (
  name: string,
  help: string,
  accounts: readonly AccountDocument[],
  momentOf: (account: AccountDocument) => number | null,
): Metric =>
  gauge(
    `${name}_timestamp_seconds`,
    help,
    accounts.flatMap((account) => {
      const at = momentOf(account);
      return at === null ? [] : [{ labels: { account: account.uId }, value: at / SECOND_MS }];
    }),
  );

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'gauge',
  help,
  samples,
});
