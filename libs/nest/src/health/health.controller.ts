import { Controller, Get, Inject, Res } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Flag } from '../document/fields.js';
import { API } from '../http/api-root.js';
import type { HttpReply } from '../http/exchange.js';
import { HealthAnswer, healthAnswer } from './health-answer.js';
import { Readiness } from './readiness.js';

class AliveAnswer {
  @Flag(true)
  alive!: boolean;
}

class ReadyAnswer {
  @Flag(true)
  ready!: boolean;
}

/** For load balancers, without a key and without a word more than they need; and for operators, with both. */
@ApiTags('operation')
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process is running.' })
  @ApiSecurity({})
  @ApiOkResponse({ type: AliveAnswer, description: 'It is running.' })
  getLiveness(): AliveAnswer {
    return { alive: true };
  }

  @Get('readyz')
  @ApiOperation({
    summary: 'Whether the product is ready to work: 200 or 503. GET /api/v1/health says why not.',
  })
  @ApiSecurity({})
  @ApiOkResponse({ type: ReadyAnswer, description: 'It is ready.' })
  @ApiServiceUnavailableResponse({ type: ReadyAnswer, description: 'It is not ready.' })
  async getReadiness(@Res({ passthrough: true }) reply: HttpReply): Promise<ReadyAnswer> {
    const { reasons } = await this.readiness.look();
    const ready = reasons.length === 0;
    void reply.status(ready ? 200 : 503).header('cache-control', 'no-store');
    return { ready };
  }

  @Get(`${API}/health`)
  @ApiOperation({ summary: 'How read models and workers are, and why the product is not ready.' })
  @ApiOkResponse({ type: HealthAnswer, description: 'The health of the product.' })
  async getHealth(@Res({ passthrough: true }) reply: HttpReply): Promise<HealthAnswer> {
    void reply.header('cache-control', 'no-store');
    return healthAnswer(await this.readiness.look());
  }
}
