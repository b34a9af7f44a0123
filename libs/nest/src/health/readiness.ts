import { Inject, Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Instant, Position } from '@seatbook/kernel';
import { SeatbookHost, type WorkerHost } from '@seatbook/host';
import type { ModelStatus } from '@seatbook/runtime';

/** The log is probed at most this often: anyone may ask for health, and each probe is a write. */
const PROBE_EVERY_MS = 10_000;

export class ModelLag {
  @ApiProperty()
  model!: string;

  @ApiProperty()
  version!: number;

  @ApiProperty()
  position!: number;

  @ApiProperty({ description: 'Positions behind the head of the log.' })
  behind!: number;

  @ApiProperty({
    description: 'Milliseconds since the first event that it does not reflect yet was recorded.',
  })
  lagMs!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why it has halted permanently.' })
  halted!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it makes no progress. It keeps trying unless it has halted.',
  })
  failure!: string | null;
}

export class ReadinessAnswer {
  @ApiProperty()
  ready!: boolean;

  @ApiProperty({ type: [String], description: 'Why it is not ready.' })
  reasons!: string[];

  @ApiProperty()
  head!: number;

  @ApiProperty({ type: [ModelLag] })
  models!: ModelLag[];

  @ApiProperty({
    type: Object,
    description: 'Background work. A failure here is retried and does not end readiness.',
  })
  runners!: {
    reactor: { position: number; behind: number; failure: string | null };
    dueWork: { running: number; failure: string | null };
  };

  @ApiProperty({ description: 'Number of parked items: GET /api/v1/work.' })
  parked!: number;
}

/** Whether this process can do its work. Apple being down is no reason: orders are taken and wait. */
@Injectable()
export class Readiness {
  #probedAt: Instant = -Infinity;
  #probe: Promise<string | null> = Promise.resolve(null);

  constructor(@Inject(SeatbookHost) private readonly host: WorkerHost) {}

  async look(): Promise<ReadinessAnswer> {
    const { phase, viewsFailure } = this.host;
    const { reactor, due, views } = this.host.worker;
    const reasons: string[] = [];
    if (phase === 'opened' || phase === 'starting') reasons.push('the server is still starting');
    if (phase === 'stopping' || phase === 'stopped') reasons.push('the server is shutting down');
    if (viewsFailure !== null) reasons.push(`read models are not being built: ${viewsFailure}`);
    const unwritable = phase === 'stopped' ? null : await this.#writable();
    if (unwritable !== null) reasons.push(`the log cannot be written: ${unwritable}`);
    const head = await this.host.stores.events.head();
    const models = await Promise.all(views.status().map((status) => this.#lagOf(status, head)));
    for (const { model, halted } of models) {
      if (halted !== null) reasons.push(`the read model ${model} has halted: ${halted}`);
    }
    return {
      ready: reasons.length === 0,
      reasons,
      head,
      models,
      runners: {
        reactor: {
          position: reactor.position,
          behind: Math.max(0, head - reactor.position),
          failure: reactor.failure,
        },
        dueWork: { running: due.running, failure: due.failure },
      },
      parked: await this.host.stores.progress.countParked(),
    };
  }

  async #lagOf({ name, version, position, halted, failure }: ModelStatus, head: Position): Promise<ModelLag> {
    const behind = Math.max(0, head - position);
    const next = behind === 0 ? null : await this.host.worker.foundation.events.firstAfter(position);
    const lagMs = next ? Math.max(0, this.host.clock.now() - next.metadata.recordedAt) : 0;
    return { model: name, version, position, behind, lagMs, halted, failure };
  }

  #writable(): Promise<string | null> {
    const now = this.host.clock.now();
    if (now - this.#probedAt < PROBE_EVERY_MS) return this.#probe;
    this.#probedAt = now;
    this.#probe = this.host.stores.events.probe().then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    return this.#probe;
  }
}
