import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags, ApiOperation } from '@nestjs/swagger';
import type { HttpReply } from '../http/exchange.js';
import { Readiness, ReadinessAnswer } from './readiness.js';

/** For operators; needs no key. */
@ApiTags('operation')
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process is running.' })
  @ApiOkResponse({ schema: { type: 'object', properties: { alive: { type: 'boolean' } } } })
  live(): { alive: true } {
    return { alive: true };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Ready to work; otherwise 503 with the reasons.' })
  @ApiOkResponse({ type: ReadinessAnswer })
  @ApiServiceUnavailableResponse({ type: ReadinessAnswer })
  async ready(@Res({ passthrough: true }) reply: HttpReply): Promise<ReadinessAnswer> {
    const answer = await this.readiness.look();
    void reply.status(answer.ready ? 200 : 503).header('cache-control', 'no-store');
    return answer;
  }
}
