import { Inject, Injectable } from '@nestjs/common';
import type { Milliseconds } from '@seatbook/kernel';
import { ordersModel, type OrderDocument } from '@seatbook/licensing';
import { Seatbook } from '@seatbook/application';
import { SeatbookHost } from '@seatbook/host';

type States = ReadonlySet<OrderDocument['state']>;

/** Nothing more comes of it. */
export const OVER: States = new Set(['finished', 'abandoned'] as const);
/** Nothing more comes of it by itself. */
export const SETTLED: States = new Set([...OVER, 'waiting'] as const);

/** Waits for orders, for clients that asked for it. */
@Injectable()
export class OrderWaiter {
  constructor(
    @Inject(SeatbookHost) private readonly host: SeatbookHost,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  /** The order when it is in one of the states; else as it stands after `waitMs`. */
  wait(
    orderId: string,
    states: States,
    waitMs: Milliseconds,
    gone: AbortSignal,
  ): Promise<OrderDocument | null> {
    const { clock, stores } = this.seatbook.options;
    const read = (): Promise<OrderDocument | null> => stores.reads.get<OrderDocument>(ordersModel, orderId);
    return new Promise((resolve, reject) => {
      const end = AbortSignal.any([gone, this.host.closing]);
      const finish = (): void => {
        cancel();
        unsubscribe();
        end.removeEventListener('abort', finish);
        read().then(resolve, reject);
      };
      const look = (): void => {
        read().then((order) => {
          if (order && states.has(order.state)) finish();
        }, reject);
      };
      const unsubscribe = this.seatbook.views.onAdvance((model) => {
        if (model === ordersModel.name) look();
      });
      const cancel = clock.after(waitMs, finish);
      end.addEventListener('abort', finish, { once: true });
      if (end.aborted) finish();
      else look();
    });
  }
}
