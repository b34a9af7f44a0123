import { Inject, Injectable } from '@nestjs/common';
import { SeatbookHost, type EdgeHost } from '@seatbook/host';
import type { HealthReport } from '@seatbook/application';

/** Whether this process can answer requests and somebody does the work that follows from them. */
@Injectable()
export class Readiness {
  constructor(@Inject(SeatbookHost) private readonly host: EdgeHost) {}

  /** The reasons name what this process is doing first, then what the stores tell of all processes. */
  async look(): Promise<HealthReport> {
    const { phase } = this.host;
    const report = await this.host.edge.health.look();
    const reasons: string[] = [];
    if (phase === 'opened' || phase === 'starting') reasons.push('the server is still starting');
    if (phase === 'stopping' || phase === 'stopped') reasons.push('the server is shutting down');
    return { ...report, reasons: [...reasons, ...report.reasons] };
  }
}
