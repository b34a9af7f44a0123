import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Seatbook } from '@seatbook/application';
import {
  ImportTokenHandler,
  RenewTokenHandler,
  SyncTotalsHandler,
  TakeOverHandler,
} from './accounts/account-commands.js';
import { GetAccountHandler, ListAccountsHandler } from './accounts/account-queries.js';
import { AccountsController } from './accounts/accounts.controller.js';
import { GetAssetHandler, ListAssetsHandler } from './assets/asset-queries.js';
import { AssetsController } from './assets/assets.controller.js';
import { SeatbookHost } from '@seatbook/host';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { HistoryController, StreamHistoryHandler } from './history/history.controller.js';
import {
  NotificationsController,
  ReceiveNotificationHandler,
} from './notifications/notifications.controller.js';
import { CancelWaitingHandler, PlaceOrderHandler, ReturnAllHandler } from './orders/order-commands.js';
import {
  GetOrderHandler,
  GetPlacedOrderHandler,
  ListOrdersHandler,
  ListOutcomesHandler,
} from './orders/order-queries.js';
import { OrderWaiter } from './orders/order-waiter.js';
import { OrdersController } from './orders/orders.controller.js';
import { GetHolderHandler, ListAssetPairsHandler, ListPairsHandler } from './pairs/pair-queries.js';
import { PairsController } from './pairs/pairs.controller.js';
import { ListParkedHandler, ParkedController, RetryParkedHandler } from './parked/parked.controller.js';
import { Reader } from './reading/reader.js';
import { GetEventHandler, GetTimelineHandler } from './timeline/timeline-queries.js';
import { TimelineController } from './timeline/timeline.controller.js';

const COMMANDS = [
  ImportTokenHandler,
  RenewTokenHandler,
  TakeOverHandler,
  SyncTotalsHandler,
  PlaceOrderHandler,
  ReturnAllHandler,
  CancelWaitingHandler,
  ReceiveNotificationHandler,
  RetryParkedHandler,
];

const QUERIES = [
  ListAccountsHandler,
  GetAccountHandler,
  ListAssetsHandler,
  GetAssetHandler,
  ListPairsHandler,
  ListAssetPairsHandler,
  GetHolderHandler,
  ListOrdersHandler,
  GetOrderHandler,
  GetPlacedOrderHandler,
  ListOutcomesHandler,
  GetTimelineHandler,
  GetEventHandler,
  StreamHistoryHandler,
  ListParkedHandler,
];

/**
 * The HTTP edge over an opened product. CommandBus and QueryBus carry requests to their handlers; nothing runs on the
 * EventBus, which is a Subject in memory: what follows from events is the system's own business.
 */
@Module({})
export class SeatbookModule {
  static over(host: SeatbookHost): DynamicModule {
    return {
      module: SeatbookModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        AccountsController,
        AssetsController,
        PairsController,
        OrdersController,
        TimelineController,
        HistoryController,
        NotificationsController,
        ParkedController,
        HealthController,
      ],
      providers: [
        { provide: SeatbookHost, useValue: host },
        { provide: Seatbook, useValue: host.seatbook },
        Reader,
        OrderWaiter,
        Readiness,
        ...COMMANDS,
        ...QUERIES,
      ],
    };
  }
}
