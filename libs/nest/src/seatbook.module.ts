import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SeatbookEdge } from '@seatbook/application';
import { AccountsController } from './accounts/accounts.controller.js';
import { ActivationsController } from './persons/activations.controller.js';
import { AppSettingsController } from './settings/app-settings.controller.js';
import { AssetsController } from './assets/assets.controller.js';
import { BoundCommandHandler, BoundQueryHandler } from './bus/binding.js';
import { SeatbookHost, type EdgeHost } from '@seatbook/host';
import { DifferencesController } from './history/differences.controller.js';
import { DeviceRegistryController } from './devices/device-registry.controller.js';
import { DriftController } from './drift/drift.controller.js';
import { GroupsController } from './groups/groups.controller.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { HistoryController } from './history/history.controller.js';
import { ImportsController } from './imports/imports.controller.js';
import { InstallationsController } from './installations/installations.controller.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { MdmWebhookController } from './mdm/mdm-webhook.controller.js';
import { NotificationsController } from './notifications/notifications.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { PlansController } from './orders/plans.controller.js';
import { PairsController } from './pairs/pairs.controller.js';
import { PersonsController } from './persons/persons.controller.js';
import { ProfilesController } from './profiles/profiles.controller.js';
import { ReportController } from './report/report.controller.js';
import { SyncsController } from './syncs/syncs.controller.js';
import { TimelineController } from './timeline/timeline.controller.js';
import { WaitingController } from './waiting/waiting.controller.js';
import { WorkController } from './work/work.controller.js';

/**
 * The HTTP edge over an opened product. CommandBus and QueryBus carry requests to the functions of the
 * application's catalogue; nothing runs on the EventBus, which is a Subject in memory: what follows from events is the application's own business.
 */
@Module({})
export class SeatbookModule {
  static over(host: EdgeHost): DynamicModule {
    return {
      module: SeatbookModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        AccountsController,
        ImportsController,
        AssetsController,
        AppSettingsController,
        ProfilesController,
        PairsController,
        PersonsController,
        ActivationsController,
        GroupsController,
        WaitingController,
        DeviceRegistryController,
        DriftController,
        SyncsController,
        OrdersController,
        InstallationsController,
        PlansController,
        TimelineController,
        DifferencesController,
        HistoryController,
        ReportController,
        NotificationsController,
        MdmWebhookController,
        WorkController,
        HealthController,
        MetricsController,
      ],
      providers: [
        { provide: SeatbookHost, useValue: host },
        { provide: SeatbookEdge, useValue: host.edge },
        Readiness,
        BoundCommandHandler,
        BoundQueryHandler,
      ],
    };
  }
}
