import type { HolderKey } from '@seatbook/licensing';

/** The state of a pair, in the simplest words that distinguish all states. */
export interface ModelPair {
  state: 'waiting' | 'reserved' | 'assigned' | 'returning' | 'failed';
  orderId: string;
  callId: string | null;
  followUp:
    | { action: 'assign'; orderId: string; ifShort: 'wait' | 'refuse'; fromReserve: boolean }
    | { action: 'return'; orderId: string }
    | null;
  /** Whether it is to wait where there is no licence, whenever that turns out. */
  ifShort: 'wait' | 'refuse';
  /** Whether licences of the reserve are for it, too. */
  fromReserve: boolean;
  /** When it became open work; grows. */
  opened: number;
  /** How often a call released it to be planned again. */
  tries: number;
  /** Whose licence it waits for, outside of the queue. */
  giver: HolderKey | null;
}

const NEW = { followUp: null, tries: 0, giver: null } as const;

export type FinalOutcome =
  'assigned' | 'returned' | 'alreadyHeld' | 'notHeld' | 'refused' | 'failed' | 'cancelled';

/**
 * The rules of one asset's ledger written a second time, pair by pair and without events: the real one must agree.
 * Every order gets exactly one final outcome for each of its pairs, or this throws.
 */
export class LedgerModel {
  readonly pairs = new Map<HolderKey, ModelPair>();
  /** Holders that wait, in their order. */
  queue: HolderKey[] = [];
  /** Final outcomes by order and holder. */
  readonly outcomes = new Map<string, Map<HolderKey, FinalOutcome>>();
  /** Holders that each order asked for. */
  readonly asked = new Map<string, readonly HolderKey[]>();
  total: number | null = 0;
  /** Licences kept back for those that name the reserve. */
  reserveSize = 0;
  totalsKnown = false;
  baseline = false;
  short = false;
  /** Licences that others have at Apple, as far as is known. */
  takenElsewhere = 0;
  deviceAssignable = true;
  revocable = true;
  #opened = 0;

  used(): number {
    return [...this.pairs.values()].filter(({ state }) =>
      ['reserved', 'assigned', 'returning'].includes(state),
    ).length;
  }

  free(): number {
    if (!this.baseline || !this.totalsKnown) return 0;
    if (this.total === null) return Infinity;
    return this.short ? 0 : Math.max(0, this.total - this.used() - this.takenElsewhere);
  }

  /** Whether a licence is there for a pair when so many are free. */
  #mayHave(fromReserve: boolean, free: number): boolean {
    return fromReserve ? free > 0 : free > this.reserveSize;
  }

  /** Whether somebody waits who could be served. */
  #awaited(): boolean {
    return this.queue.some((key) => this.#mayHave(this.#pair(key).fromReserve, this.free()));
  }

  open(): boolean {
    return [...this.asked].some(
      ([orderId, holders]) => (this.outcomes.get(orderId)?.size ?? 0) < holders.length,
    );
  }

  /** Totals as read; gives how many reservations must be withdrawn. */
  readTotals(total: number | null, available: number, assigned: number): number {
    this.total = total;
    this.totalsKnown = true;
    const atApple = [...this.pairs.values()].filter(
      ({ state, callId }) =>
        state === 'assigned' || state === 'returning' || (state === 'reserved' && callId !== null),
    );
    const taken = total === null ? assigned : total - available;
    this.takenElsewhere = Math.max(0, taken - atApple.length);
    if (this.short && (total === null || available > 0)) this.short = false;
    else if (this.short) this.refuseShort();
    return total === null ? 0 : Math.max(0, this.used() - total);
  }

  /** The real ledger withdraws the latest unclaimed reservations; here the caller names them. */
  withdraw(keys: readonly HolderKey[]): void {
    for (const key of keys) {
      const pair = this.#pair(key);
      if (pair.state !== 'reserved' || pair.callId !== null) throw new Error(`${key} cannot be withdrawn`);
      const newer = [...this.pairs].filter(
        ([other, { state, callId, opened }]) =>
          !keys.includes(other) && state === 'reserved' && callId === null && opened > pair.opened,
      );
      if (newer.length > 0)
        throw new Error(`${key} was withdrawn before ${newer.map(([other]) => other).join()}`);
    }
    for (const key of keys) this.#pair(key).state = 'waiting';
    this.queue = [...keys, ...this.queue];
  }

  /** Who is not to wait is refused. */
  refuseShort(): void {
    for (const key of [...this.queue]) {
      const { orderId, ifShort } = this.#pair(key);
      if (ifShort === 'wait') continue;
      this.#end(orderId, key, 'refused');
      this.#unqueue(key);
      this.pairs.delete(key);
    }
  }

  adopt(keys: readonly HolderKey[]): void {
    for (const key of keys) {
      const pair = this.pairs.get(key);
      if (!pair || pair.state === 'failed') {
        this.takenElsewhere = Math.max(0, this.takenElsewhere - 1);
        this.pairs.set(key, { state: 'assigned', ...this.#fresh('', 'wait', false) });
      } else if (pair.state === 'waiting') {
        this.takenElsewhere = Math.max(0, this.takenElsewhere - 1);
        Object.assign(pair, { state: 'assigned', giver: null });
        this.#unqueue(key);
        this.#end(pair.orderId, key, 'assigned');
      }
    }
  }

  reserve(
    orderId: string,
    keys: readonly HolderKey[],
    ifShort: 'wait' | 'refuse',
    fromReserve: boolean,
  ): void {
    this.asked.set(orderId, keys);
    let free = this.#awaited() ? 0 : this.free();
    this.#opened += 1;
    const staying: HolderKey[] = [];
    for (const key of keys) {
      const pair = this.pairs.get(key);
      const fresh = this.#fresh(orderId, ifShort, fromReserve);
      if (pair && pair.state !== 'failed') {
        if (pair.state === 'returning' && pair.followUp === null)
          pair.followUp = { action: 'assign', orderId, ifShort, fromReserve };
        else {
          this.#end(orderId, key, 'alreadyHeld');
          if (pair.followUp?.action === 'return') {
            this.#unfollow(key);
            staying.push(key);
          }
        }
      } else if (key.startsWith('d:') && !this.deviceAssignable) {
        this.#end(orderId, key, 'refused');
      } else if (this.#mayHave(fromReserve, free)) {
        free -= 1;
        this.pairs.set(key, { state: 'reserved', ...fresh });
      } else if (ifShort === 'wait') {
        this.pairs.set(key, { state: 'waiting', ...fresh });
        this.queue.push(key);
      } else {
        this.#end(orderId, key, 'refused');
      }
    }
    this.#endPromises(staying);
  }

  /** The licence of one goes to the other, when it is back. */
  reassign(orderId: string, giver: HolderKey, receiver: HolderKey, fromReserve: boolean): void {
    this.asked.set(orderId, [giver, receiver]);
    const refuse = (outcome: FinalOutcome): void => {
      this.#end(orderId, giver, outcome);
      this.#end(orderId, receiver, 'refused');
    };
    const has = this.pairs.get(receiver);
    if (has && has.state !== 'failed') {
      this.#end(orderId, giver, 'refused');
      this.#end(orderId, receiver, 'alreadyHeld');
      return;
    }
    const from = this.pairs.get(giver);
    const fresh = (): Omit<ModelPair, 'state'> => this.#fresh(orderId, 'wait', fromReserve);
    this.#opened += 1;
    if (receiver.startsWith('d:') && !this.deviceAssignable) refuse('refused');
    else if (!from || from.state === 'failed' || from.state === 'waiting') refuse('notHeld');
    else if (from.state === 'reserved' && from.callId === null) {
      this.#cancel(giver);
      this.#end(orderId, giver, 'returned');
      this.pairs.set(receiver, { state: 'reserved', ...fresh() });
    } else if (!this.revocable) refuse('refused');
    else if (this.#promisedBy(giver)) refuse('notHeld');
    else {
      if (from.state === 'assigned')
        Object.assign(from, { state: 'returning', ...this.#fresh(orderId, from.ifShort, from.fromReserve) });
      else if (from.state === 'reserved' && from.followUp === null)
        from.followUp = { action: 'return', orderId };
      else this.#end(orderId, giver, 'alreadyHeld');
      this.pairs.set(receiver, { state: 'waiting', ...fresh(), giver });
    }
  }

  /** Their licences are back: they are those of the others at once. */
  keepPromises(givers: readonly HolderKey[]): void {
    this.#opened += 1;
    for (const giver of givers) {
      const receiver = this.#promisedBy(giver);
      if (receiver)
        Object.assign(this.#pair(receiver), { state: 'reserved', giver: null, opened: this.#opened });
    }
  }

  /** Who was promised the licence of this one. */
  #promisedBy(giver: HolderKey): HolderKey | null {
    for (const [key, pair] of this.pairs) if (pair.giver === giver) return key;
    return null;
  }

  /** They wait as anybody does. */
  #endPromises(givers: readonly HolderKey[]): void {
    for (const giver of givers) {
      const receiver = this.#promisedBy(giver);
      if (!receiver) continue;
      this.#pair(receiver).giver = null;
      this.queue.push(receiver);
    }
  }

  giveBack(orderId: string, keys: readonly HolderKey[]): void {
    this.asked.set(orderId, keys);
    for (const key of keys) {
      const pair = this.pairs.get(key);
      if (!pair || pair.state === 'failed') {
        this.#end(orderId, key, 'notHeld');
      } else if (pair.state === 'waiting' || (pair.state === 'reserved' && pair.callId === null)) {
        this.#cancel(key);
        this.#end(orderId, key, 'returned');
      } else if (!this.revocable) {
        this.#end(orderId, key, 'refused');
      } else if (pair.state === 'assigned') {
        Object.assign(pair, { state: 'returning', ...this.#fresh(orderId, pair.ifShort, pair.fromReserve) });
      } else if (pair.state === 'reserved' && pair.followUp === null) {
        pair.followUp = { action: 'return', orderId };
      } else {
        if (pair.followUp?.action === 'assign') this.#unfollow(key);
        this.#end(orderId, key, 'alreadyHeld');
      }
    }
  }

  serve(): void {
    let free = this.free();
    this.#opened += 1;
    for (const key of [...this.queue]) {
      if (!this.#mayHave(this.#pair(key).fromReserve, free)) continue;
      free -= 1;
      this.#unqueue(key);
      Object.assign(this.#pair(key), { state: 'reserved', opened: this.#opened });
    }
    if (this.baseline && !this.short) this.refuseShort();
  }

  /** In the order of the queue, before all others or after them. */
  move(keys: readonly HolderKey[], to: 'front' | 'back'): void {
    const moved = this.queue.filter((key) => keys.includes(key));
    const others = this.queue.filter((key) => !keys.includes(key));
    this.queue = to === 'front' ? [...moved, ...others] : [...others, ...moved];
  }

  /** They wait no longer, nor will they when they are returned. */
  leave(keys: readonly HolderKey[]): void {
    for (const key of keys) {
      const pair = this.pairs.get(key);
      if (pair?.state === 'waiting') this.#cancel(key);
      else if (pair?.followUp?.action === 'assign') this.#unfollow(key);
    }
  }

  endWaiting(orderId: string): void {
    const promised = [...this.pairs].filter(([, { giver }]) => giver !== null).map(([key]) => key);
    for (const key of [...this.queue, ...promised])
      if (this.#pair(key).orderId === orderId) this.#cancel(key);
    for (const [key, { followUp }] of this.pairs) {
      if (followUp?.action === 'assign' && followUp.orderId === orderId) this.#unfollow(key);
    }
  }

  claim(callId: string, action: 'associate' | 'disassociate', keys: readonly HolderKey[]): HolderKey[] {
    const wanted = action === 'associate' ? 'reserved' : 'returning';
    const own = keys.filter(
      (key) => this.pairs.get(key)?.state === wanted && this.pairs.get(key)?.callId === null,
    );
    for (const key of own) this.#pair(key).callId = callId;
    return own;
  }

  claimedBy(callId: string): HolderKey[] {
    return [...this.pairs].flatMap(([key, pair]) => (pair.callId === callId ? key : []));
  }

  succeed(key: HolderKey): void {
    const pair = this.#pair(key);
    const { orderId, followUp } = pair;
    if (pair.state === 'reserved') {
      this.#end(orderId, key, 'assigned');
      Object.assign(pair, { state: 'assigned', callId: null, tries: 0 });
      if (followUp)
        Object.assign(pair, {
          state: 'returning',
          ...this.#fresh(followUp.orderId, pair.ifShort, pair.fromReserve),
        });
    } else {
      this.#end(orderId, key, 'returned');
      this.pairs.delete(key);
      if (followUp?.action === 'assign') {
        const fresh = this.#fresh(followUp.orderId, followUp.ifShort, followUp.fromReserve);
        this.pairs.set(key, { state: 'waiting', ...fresh });
        this.queue.push(key);
      }
    }
  }

  fail(key: HolderKey): void {
    const pair = this.#pair(key);
    const { orderId, followUp } = pair;
    this.#end(orderId, key, 'failed');
    if (pair.state === 'reserved') {
      if (followUp) this.#end(followUp.orderId, key, 'returned');
      Object.assign(pair, { state: 'failed', callId: null, followUp: null, tries: 0 });
      this.#endPromises([key]);
    } else {
      if (followUp) this.#end(followUp.orderId, key, 'cancelled');
      Object.assign(pair, { state: 'assigned', callId: null, followUp: null, tries: 0 });
      const receiver = this.#promisedBy(key);
      if (receiver === null) return;
      this.#end(this.#pair(receiver).orderId, receiver, 'refused');
      this.pairs.delete(receiver);
    }
  }

  /** Released together: they are open work from now on. */
  againTogether(keys: readonly HolderKey[]): void {
    this.#opened += 1;
    for (const key of keys) this.#again(key);
  }

  #again(key: HolderKey): void {
    const pair = this.#pair(key);
    Object.assign(pair, { callId: null, opened: this.#opened, tries: pair.tries + 1 });
    if (pair.followUp?.action !== 'return') return;
    this.#end(pair.followUp.orderId, key, 'returned');
    this.#cancel(key);
    this.#endPromises([key]);
  }

  /** Returns the keys that wait from now on; they go before all others. */
  foundShort(key: HolderKey): boolean {
    const pair = this.#pair(key);
    this.short = true;
    pair.callId = null;
    if (pair.followUp) {
      this.#end(pair.followUp.orderId, key, 'returned');
      this.#cancel(key);
      this.#endPromises([key]);
      return false;
    }
    pair.state = 'waiting';
    return true;
  }

  #fresh(orderId: string, ifShort: ModelPair['ifShort'], fromReserve: boolean): Omit<ModelPair, 'state'> {
    return { orderId, callId: null, ifShort, fromReserve, ...NEW, opened: this.#opened };
  }

  #pair(key: HolderKey): ModelPair {
    const pair = this.pairs.get(key);
    if (!pair) throw new Error(`the model has no pair ${key}`);
    return pair;
  }

  #unqueue(key: HolderKey): void {
    this.queue = this.queue.filter((other) => other !== key);
  }

  #cancel(key: HolderKey): void {
    this.#end(this.#pair(key).orderId, key, 'cancelled');
    this.#unqueue(key);
    this.pairs.delete(key);
  }

  #unfollow(key: HolderKey): void {
    const pair = this.#pair(key);
    this.#end(pair.followUp?.orderId ?? '', key, 'cancelled');
    pair.followUp = null;
  }

  /** Adopted pairs belong to no order. */
  #end(orderId: string, key: HolderKey, outcome: FinalOutcome): void {
    if (orderId === '') return;
    const own = this.outcomes.get(orderId) ?? new Map<HolderKey, FinalOutcome>();
    this.outcomes.set(orderId, own);
    if (own.has(key))
      throw new Error(`${key} of ${orderId} ended as ${own.get(key)} and again as ${outcome}`);
    own.set(key, outcome);
  }
}
