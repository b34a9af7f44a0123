import type { HealthReport, WorkerPace } from '@seatbook/application';
import type { AccountDocument } from '@seatbook/licensing';
import { metricsText } from './metrics-text.js';
import { metricsOf } from './metrics.js';

const NOW = 1_788_249_600_000;
const BERLIN = '7700000000000001';

const pace = (worker: string, more: Partial<WorkerPace> = {}): WorkerPace => ({
  worker,
  of: BERLIN,
  queuedWrites: 3,
  queuedReads: 0,
  writesInFlight: 1,
  readsInFlight: 5,
  oldestWaitMs: 1_500,
  heldUntil: null,
  ...more,
});

const health = (paces: readonly WorkerPace[], reasons: readonly string[] = []): HealthReport =>
  ({
    reasons,
    models: [{ model: 'pairs', lagMs: 250 }],
    parked: 2,
    paces,
  }) as unknown as HealthReport;

const account = {
  uId: BERLIN,
  drifted: {
    added: { accepted: 4, restoring: 0, asked: 0 },
    taken: { accepted: 0, restoring: 0, asked: 7 },
  },
  driftAlert: { at: NOW - 5_000 },
  totalsReadAt: null,
  expiresAt: NOW + 1_000,
} as unknown as AccountDocument;

const text = (paces: readonly WorkerPace[] = [], reasons: readonly string[] = []): string[] =>
  metricsText(metricsOf({ health: health(paces, reasons), accounts: [account], now: NOW })).split('\n');

describe('metrics', () => {
  it('tell of drift by account, kind and decision, and when it was alerted', () => {
    const of = (kind: string, decision: string) =>
      `seatbook_drift_pairs_total{account="${BERLIN}",kind="${kind}",decision="${decision}"}`;
    expect(text()).toEqual(
      expect.arrayContaining([
        `${of('added', 'accepted')} 4`,
        `${of('taken', 'asked')} 7`,
        `${of('taken', 'restoring')} 0`,
        `seatbook_drift_alert_timestamp_seconds{account="${BERLIN}"} ${NOW / 1_000 - 5}`,
        `seatbook_token_expiry_timestamp_seconds{account="${BERLIN}"} ${NOW / 1_000 + 1}`,
      ]),
    );
    expect(text().join()).not.toContain('seatbook_totals_read_timestamp_seconds');
  });

  it('tell what requests to Apple wait for, once for a location that two workers speak for', () => {
    const lines = text([pace('one'), pace('other', { oldestWaitMs: 9_000, heldUntil: NOW + 30_000 })]);
    expect(lines).toEqual(
      expect.arrayContaining([
        `seatbook_apple_requests_queued{account="${BERLIN}",lane="write"} 6`,
        `seatbook_apple_requests_in_flight{account="${BERLIN}",lane="read"} 10`,
        `seatbook_apple_oldest_wait_seconds{account="${BERLIN}"} 9`,
        `seatbook_apple_held_seconds{account="${BERLIN}"} 30`,
      ]),
    );
    expect(text([pace('one', { heldUntil: NOW - 1 })])).toContain(
      `seatbook_apple_held_seconds{account="${BERLIN}"} 0`,
    );
  });

  it('tell of readiness, of read models and of parked work', () => {
    expect(text()).toEqual(
      expect.arrayContaining([
        'seatbook_ready 1',
        'seatbook_read_model_lag_seconds{model="pairs"} 0.25',
        'seatbook_parked_items 2',
      ]),
    );
    expect(text([], ['the disk is full'])).toContain('seatbook_ready 0');
  });

  it('are in the text format of Prometheus, each series once and with its type before it', () => {
    const lines = text([pace('one'), pace('other')]);
    expect(lines.pop()).toBe('');
    const series = new Set<string>();
    const typed = new Map<string, string>();
    for (const line of lines) {
      const [, of = '', type = ''] = /^# TYPE (\S+) (gauge|counter)$/.exec(line) ?? [];
      if (type !== '') typed.set(of, type);
      if (line.startsWith('#')) continue;
      const [, key = '', name = ''] =
        /^((seatbook_[a-z_]+)(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})?) -?[\d.]+$/.exec(line) ?? [];
      expect([line, name]).not.toContain('');
      expect([line, series.has(key)]).toEqual([line, false]);
      series.add(key);
      expect([line, typed.get(name) === 'counter']).toEqual([line, name.endsWith('_total')]);
    }
    expect(series.size).toBeGreaterThan(10);
  });

  it('escape what labels say', () => {
    const samples = [{ labels: { model: 'a "b"\\\nc' }, value: 1 }];
    expect(metricsText([{ name: 'seatbook_a', type: 'gauge', help: 'A\nB', samples }])).toBe(
      '# HELP seatbook_a A\\nB\n# TYPE seatbook_a gauge\nseatbook_a{model="a \\"b\\"\\\\\\nc"} 1\n',
    );
  });
});
