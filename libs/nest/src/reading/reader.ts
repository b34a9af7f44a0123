import { Inject, Injectable } from '@nestjs/common';
import { Refusal, type Document, type Position } from '@seatbook/kernel';
import type { IndexQuery, ModelRef, Page } from '@seatbook/runtime';
import { Seatbook } from '@seatbook/application';
import { SeatbookHost } from '@seatbook/host';
import { asOf, type AsOfAnswer } from './as-of.js';

/** Reads of read models, each with the position that it reflects. */
@Injectable()
export class Reader {
  constructor(
    @Inject(SeatbookHost) private readonly host: SeatbookHost,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  /** Waits, within the configured limit, until a model reflects a position. */
  async reach(model: ModelRef, position: Position | undefined): Promise<void> {
    if (position === undefined || this.seatbook.views.position(model.name) >= position) return;
    const head = await this.seatbook.options.stores.events.head();
    if (position > head) {
      throw new Refusal(
        'INVALID_POSITION',
        'this position is beyond the end of the log: it is not of this deployment',
        {
          position,
          head,
        },
      );
    }
    const { positionWaitMs } = this.host.configuration.http;
    if (await this.seatbook.reached(model.name, position, positionWaitMs)) return;
    throw behind(model, this.seatbook.views.position(model.name), position);
  }

  async get<D extends Document>(
    model: ModelRef,
    key: string,
    position?: Position,
  ): Promise<{ document: D | null; asOf: AsOfAnswer }> {
    await this.reach(model, position);
    const reflected = await asOf(this.seatbook, model.name);
    return { document: await this.seatbook.options.stores.reads.get<D>(model, key), asOf: reflected };
  }

  async query<D extends Document>(
    model: ModelRef,
    query: IndexQuery,
    position?: Position,
  ): Promise<Page<D> & { asOf: AsOfAnswer }> {
    await this.reach(model, position);
    const reflected = await asOf(this.seatbook, model.name);
    return { ...(await this.seatbook.options.stores.reads.query<D>(model, query)), asOf: reflected };
  }
}

const behind = (model: ModelRef, position: Position, wanted: Position): Refusal =>
  new Refusal(
    'TRANSIENT_BEHIND',
    `${model.name} does not reflect this position yet; ask again`,
    { position, wanted },
    1,
  );
