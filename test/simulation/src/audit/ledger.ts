import type { Envelope } from '@seatbook/kernel';
import { holderCount, holderKeys, type AssetEvent, type HolderKey, type Holders } from '@seatbook/licensing';
import type { Causes } from './causes.js';
import { orderOf, type OrderRefs } from './order-refs.js';

interface Held {
  state: 'waiting' | 'reserved' | 'assigned' | 'returning' | 'failed';
  callId: string | null;
  /** A return was ordered while a call carried it. */
  wantedBack: boolean;
  /** The lot of open work that it came with last. */
  lot: number;
  /** Licences of the reserve are for it, too: as it waits, or as it will. */
  fromReserve: boolean;
  /** The order that it waits for, as it waits. */
  orderId: string;
  /** It waits outside of the line, for the licence of this holder. */
  giver: HolderKey | null;
}

/** Of a pair that no call has. */
const UNTOUCHED = { callId: null, wantedBack: false, lot: 0, giver: null } as const;

/**
 * One asset's ledger, followed event by event as an auditor would: no licence is given twice, nobody is served before
 * those who wait longer, nobody waits beside a free licence for longer than it takes to look, no two calls carry one
 * pair, what is wanted back is not sent, and a call settles only what it has claimed, once.
 */
class AuditedLedger {
  readonly #pairs = new Map<HolderKey, Held>();
  #waiting: HolderKey[] = [];
  /** Licences kept back for those that name the reserve. */
  #reserve = 0;
  /** Licences that there are; null before they were read. */
  #total: number | null = null;
  #baseline = false;
  #short = false;
  #closed = false;
  #takenElsewhere = 0;
  /** Since which revision somebody waits although there is a licence. */
  #idleSince: number | null = null;
  /** The order that a reservation was ended by at last: where it goes to another holder, the same order reserves it. */
  #endedBy = '';

  constructor(
    private readonly blame: (what: string) => void,
    private readonly causes: Causes,
  ) {}

  follow(envelope: Envelope & AssetEvent): void {
    if (envelope.type === 'asset.licenses-served') this.#servedPromptly(envelope);
    if (envelope.type === 'asset.waiting-listed') this.#stillWanted(envelope, envelope.data);
    this.#follow(envelope);
    const idle = this.#waiting.some((key) => this.#mayHave(key, this.#free()));
    this.#idleSince = idle ? (this.#idleSince ?? envelope.revision) : null;
  }

  #free(): number {
    if (!this.#baseline || this.#total === null || this.#short || this.#closed) return 0;
    return this.#total - this.#used() - this.#takenElsewhere;
  }

  /** Whether a licence is there for who waits when so many are free. */
  #mayHave(key: HolderKey, free: number): boolean {
    return this.#of(key).fromReserve ? free > 0 : free > this.#reserve;
  }

  /** The first event that left a licence to those who wait has them served, and none that came later. */
  #servedPromptly({ stream, metadata: { cause } }: Envelope): void {
    if (this.#idleSince === null || cause?.stream !== stream || cause.revision <= this.#idleSince) return;
    this.blame(
      `there was a licence since revision ${this.#idleSince}, and it was given after ${cause.revision}`,
    );
  }

  /** Who follows a return waits only for an order that had not been cancelled when the return was settled. */
  #stillWanted(envelope: Envelope, refs: Holders & OrderRefs): void {
    const settled = this.causes.positionOfCause(envelope);
    holderKeys(refs).forEach((key, index) => {
      const orderId = orderOf(refs, index);
      if (settled !== null && this.causes.cancelledBefore(orderId, settled))
        this.blame(`${key} waits for the order ${orderId}, which was cancelled before`);
    });
  }

  #follow({ type, data }: AssetEvent): void {
    switch (type) {
      case 'asset.totals-read':
        this.#total = data.unlimited ? Infinity : data.total;
        this.#takenElsewhere = data.takenElsewhere;
        break;
      case 'asset.baseline-completed':
        this.#baseline = true;
        break;
      case 'asset.assignments-adopted':
        for (const key of holderKeys(data)) this.#put(key, [undefined, 'failed'], 'assigned');
        this.#nowKnown(data);
        break;
      case 'asset.adoption-corrected':
        for (const key of holderKeys(data)) this.#put(key, ['assigned'], null);
        break;
      case 'asset.drift-found':
        for (const key of holderKeys(data))
          if (data.kind === 'taken') this.#put(key, ['assigned'], null);
          else this.#put(key, data.before === 'failed' ? ['failed'] : [undefined], 'assigned');
        if (data.kind === 'added') this.#nowKnown(data);
        break;
      case 'asset.licenses-reserved':
        if (this.#endedBy === data.orderId) this.#handOver(data.reserved, data.lot);
        else this.#give(data.reserved, data);
        for (const key of holderKeys(data.waiting))
          this.#wait(key, data.fromReserve, data.orderId, data.giver);
        break;
      case 'asset.reserve-set':
        this.#reserve = data.licences;
        break;
      case 'asset.licenses-served':
        this.#serve(data);
        break;
      case 'asset.reservations-withdrawn':
        this.#withdraw(holderKeys(data));
        this.#heads(data);
        break;
      case 'asset.waiting-listed':
        holderKeys(data).forEach((key, index) => {
          // The licence that was promised does not come: it waits as anybody does.
          if (this.#of(key).giver !== null) this.#put(key, ['waiting'], null);
          this.#wait(key, data.fromReserve, orderOf(data, index));
        });
        break;
      case 'asset.waiting-moved':
        this.#move(data);
        break;
      case 'asset.found-held':
      case 'asset.waiting-refused':
        for (const key of holderKeys(data)) this.#put(key, ['waiting'], null);
        break;
      case 'asset.reservations-ended':
        if (data.was === 'reserved') this.#endedBy = data.by;
        for (const key of holderKeys(data))
          if (data.was === 'following' || data.was === 'pending') this.#of(key).wantedBack = false;
          else this.#put(key, [data.was], data.was === 'returning' ? 'assigned' : null);
        break;
      case 'asset.licenses-returning':
        for (const key of holderKeys(data.returning)) this.#put(key, ['assigned'], 'returning');
        for (const key of holderKeys(data.pending)) this.#of(key).wantedBack = true;
        break;
      case 'asset.returns-started':
        for (const key of holderKeys(data)) this.#put(key, ['assigned'], 'returning');
        break;
      case 'asset.licenses-claimed':
      case 'asset.claims-released':
      case 'asset.licenses-assigned':
      case 'asset.licenses-failed':
      case 'asset.licenses-returned':
      case 'asset.found-short':
        this.#followCall({ type, data } as CallsEvent);
        break;
      case 'asset.closed':
        this.#closed = true;
        break;
      case 'asset.opened':
        this.#closed = false;
        break;
      case 'asset.shortage-cleared':
        this.#short = false;
        break;
      case 'asset.discovered':
      case 'asset.traits-changed':
      case 'asset.described':
      case 'asset.count-changed':
      case 'asset.totals-doubted':
      case 'asset.late-effect-possible':
      case 'asset.drift-decided':
      case 'asset.returns-ended':
      case 'asset.installations-answered':
        break;
    }
  }

  #followCall({ type, data }: CallsEvent): void {
    const keys = holderKeys(data);
    switch (type) {
      case 'asset.licenses-claimed':
        for (const key of keys) {
          this.#put(key, [data.action === 'associate' ? 'reserved' : 'returning']);
          this.#of(key).callId = data.callId;
          if (data.action === 'associate' && this.#of(key).wantedBack)
            this.blame(`${key} is wanted back, and is in a call once more`);
        }
        break;
      case 'asset.claims-released':
        for (const key of keys) {
          this.#leave(key, data.callId);
          this.#of(key).lot = data.lot;
        }
        break;
      case 'asset.licenses-assigned':
        for (const key of keys) {
          if (data.callId !== null) this.#leave(key, data.callId);
          this.#put(key, [data.callId === null ? 'waiting' : 'reserved'], 'assigned');
        }
        if (data.callId === null) this.#nowKnown(data);
        break;
      case 'asset.licenses-failed': {
        const [from, to] =
          data.action === 'associate'
            ? (['reserved', 'failed'] as const)
            : (['returning', 'assigned'] as const);
        for (const key of keys) {
          this.#leave(key, data.callId);
          this.#put(key, [from], to);
        }
        break;
      }
      case 'asset.licenses-returned':
        for (const key of keys) {
          this.#leave(key, data.callId);
          this.#put(key, ['returning'], null);
        }
        break;
      case 'asset.found-short':
        this.#short = true;
        for (const key of keys) {
          this.#leave(key, data.callId);
          this.#put(key, ['reserved'], 'waiting');
        }
        this.#heads(data);
        break;
    }
  }

  #of(key: HolderKey): Held {
    return this.#pairs.get(key) ?? { state: 'failed', ...UNTOUCHED, fromReserve: false, orderId: '' };
  }

  /** Holders of whom Apple knew and the ledger did not. */
  #nowKnown(holders: Holders): void {
    this.#takenElsewhere = Math.max(0, this.#takenElsewhere - holderCount(holders));
  }

  #used(): number {
    const states = [...this.#pairs.values()].map(({ state }) => state);
    return states.filter((state) => state !== 'waiting' && state !== 'failed').length;
  }

  /** A pair that no call has goes from one of these states to another; null: it is gone. */
  #put(key: HolderKey, from: readonly (Held['state'] | undefined)[], to?: Held['state'] | null): void {
    const pair = this.#pairs.get(key);
    if (!from.includes(pair?.state))
      this.blame(
        `${key} was ${pair?.state ?? 'free'} and not ${from.map((state) => state ?? 'free').join(' or ')}`,
      );
    if (pair && pair.callId !== null) this.blame(`${key} was in the call ${pair.callId}`);
    if (pair?.state === 'waiting' && to !== 'waiting' && to !== undefined)
      this.#waiting = this.#waiting.filter((other) => other !== key);
    if (to === null) this.#pairs.delete(key);
    else if (to !== undefined) {
      const { fromReserve = false, orderId = '' } = pair ?? {};
      this.#pairs.set(key, { state: to, ...UNTOUCHED, fromReserve, orderId });
    }
  }

  #leave(key: HolderKey, callId: string): void {
    const pair = this.#of(key);
    if (pair.callId !== callId) this.blame(`${key} was not in the call ${callId}`);
    pair.callId = null;
  }

  #wait(key: HolderKey, fromReserve: boolean, orderId: string, giver: HolderKey | null = null): void {
    this.#put(key, [undefined, 'failed'], 'waiting');
    Object.assign(this.#of(key), { fromReserve, orderId, giver });
    if (giver === null) this.#waiting.push(key);
  }

  /** A reservation goes from one holder to another: no licence more is given. */
  #handOver(holders: Holders, lot: number): void {
    for (const key of holderKeys(holders)) {
      this.#put(key, [undefined, 'failed'], 'reserved');
      this.#of(key).lot = lot;
    }
  }

  /** Each has the licence that it was promised: that holder has given it back. */
  #keepPromises(keys: readonly HolderKey[], lot: number): void {
    for (const key of keys) {
      const { giver } = this.#of(key);
      const left = giver === null ? undefined : this.#pairs.get(giver)?.state;
      if (left !== undefined && left !== 'waiting')
        this.blame(`${key} was given the licence of ${giver}, who has it`);
      this.#put(key, ['waiting'], 'reserved');
      this.#of(key).lot = lot;
    }
  }

  /** They go before all that wait. */
  #heads(holders: Holders & OrderRefs): void {
    const heads = holderKeys(holders);
    heads.forEach((key, index) => Object.assign(this.#of(key), { orderId: orderOf(holders, index) }));
    const others = new Set(heads);
    this.#waiting = [...heads, ...this.#waiting.filter((key) => !others.has(key))];
  }

  /** They wait before the others or after them, in the order that they had; where none is named, all of the order. */
  #move(data: Holders & OrderRefs & { readonly to: 'front' | 'back' }): void {
    const named = holderKeys(data);
    const moves = (key: HolderKey): boolean =>
      named.length > 0 ? named.includes(key) : this.#of(key).orderId === orderOf(data, 0);
    for (const key of named)
      if (!this.#waiting.includes(key)) this.blame(`${key} was moved and did not wait`);
    const moved = this.#waiting.filter(moves);
    const others = this.#waiting.filter((key) => !moves(key));
    this.#waiting = data.to === 'front' ? [...moved, ...others] : [...others, ...moved];
  }

  /** The newest reservations that no call carries. */
  #withdraw(keys: readonly HolderKey[]): void {
    const oldest = Math.min(...keys.map((key) => this.#of(key).lot));
    for (const key of keys) this.#put(key, ['reserved'], 'waiting');
    for (const [key, { state, callId, lot }] of this.#pairs)
      if (state === 'reserved' && callId === null && lot > oldest)
        this.blame(`${key} came later and was kept`);
  }

  #give(
    holders: Holders,
    { lot, fromReserve }: { readonly lot: number; readonly fromReserve: boolean },
  ): void {
    const keys = holderKeys(holders);
    if (keys.length === 0) return;
    const before = this.#waiting.filter((key) => this.#mayHave(key, this.#free()));
    if (before.length > 0) this.blame(`${keys.join()} were served before ${before.join()}`);
    for (const key of keys) this.#put(key, [undefined, 'failed'], 'reserved');
    for (const key of keys) Object.assign(this.#of(key), { lot, fromReserve });
    this.#mayGive(fromReserve);
  }

  #serve(holders: Holders & { readonly lot: number }): void {
    const keys = holderKeys(holders);
    if (keys.some((key) => this.#of(key).giver !== null)) return this.#keepPromises(keys, holders.lot);
    const first = new Set<HolderKey>();
    const free = this.#free();
    for (const key of this.#waiting)
      if (first.size < keys.length && this.#mayHave(key, free - first.size)) first.add(key);
    const early = keys.filter((key) => !first.has(key));
    if (early.length > 0) this.blame(`${early.join()} were served before their turn`);
    for (const key of keys) this.#put(key, ['waiting'], 'reserved');
    for (const key of keys) this.#of(key).lot = holders.lot;
    this.#mayGive(true);
  }

  /** Who was served in turn was asked one by one whether it may have a licence of the reserve. */
  #mayGive(fromReserve: boolean): void {
    if (this.#closed) this.blame('a licence was given although the account had ended');
    if (!this.#baseline) this.blame('a licence was given before it was known who had one');
    if (this.#total === Infinity) return;
    const used = this.#used();
    if (used + this.#takenElsewhere > (this.#total ?? 0))
      this.blame(`${used} licences were given of ${this.#total}, and others have ${this.#takenElsewhere}`);
    if (!fromReserve && this.#free() < this.#reserve)
      this.blame(`a licence was given of the ${this.#reserve} that are kept back`);
    if (this.#short) this.blame('a licence was given though Apple said that there is none');
  }
}

type CallsEvent = Extract<
  AssetEvent,
  {
    type:
      | 'asset.licenses-claimed'
      | 'asset.claims-released'
      | 'asset.licenses-assigned'
      | 'asset.licenses-failed'
      | 'asset.licenses-returned'
      | 'asset.found-short';
  }
>;

/** What no ledger may do, whatever happens. */
export function auditLedgers(log: readonly Envelope[], causes: Causes): string[] {
  const wrong: string[] = [];
  const ledgers = new Map<string, AuditedLedger>();
  let at = '';
  for (const envelope of log) {
    const { stream, type, position } = envelope;
    if (!stream.startsWith('asset-') || !type.startsWith('asset.')) continue;
    at = `${stream}, ${type} at ${position}`;
    const ledger = ledgers.get(stream) ?? new AuditedLedger((what) => wrong.push(`${at}: ${what}`), causes);
    ledgers.set(stream, ledger);
    ledger.follow(envelope as Envelope & AssetEvent);
  }
  return wrong;
}
