import { Controller, Get, Inject, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Queries } from '../bus/messages.js';
import { Readiness } from '../health/readiness.js';
import { API } from '../http/api-root.js';
import type { HttpReply } from '../http/exchange.js';
import { METRICS_TEXT, metricsText } from './metrics-text.js';
import { metricsOf } from './metrics.js';

const EXAMPLE = metricsText([
  {
    name: 'seatbook_ready',
    type: 'gauge',
    help: 'Whether the product is ready to work.',
    samples: [{ value: 1 }],
  },
]);

/** Figures over time, for a Prometheus that shows the owner key. */
@ApiTags('operation')
@Controller(`${API}/metrics`)
export class MetricsController {
  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  @Get()
  @ApiOperation({
    summary:
      'Readiness, read models, requests to Apple and drift as metrics, in the text format of Prometheus. What is asked for is read from the stores, once a second at most; requests to Apple are as workers last told, a few seconds ago.',
  })
  @ApiOkResponse({
    description: 'The metrics.',
    content: { 'text/plain': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  async getMetrics(@Res() reply: HttpReply): Promise<void> {
    const [health, { accounts, now }] = await Promise.all([
      this.readiness.look(),
      this.queries.execute(new Queries.MeasureAccounts()),
    ]);
    void reply
      .status(200)
      .header('content-type', METRICS_TEXT)
      .header('cache-control', 'no-store')
      .send(metricsText(metricsOf({ health, accounts, now })));
  }
}
