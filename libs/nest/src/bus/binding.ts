import { Inject } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Query,
  QueryHandler,
  type ICommandHandler,
  type IQueryHandler,
} from '@nestjs/cqrs';
import { SeatbookEdge } from '@seatbook/application';

/** A function of the application: what it does with what it is asked. */
type Work<A extends readonly unknown[], R> = (seatbook: SeatbookEdge, ...asked: A) => Promise<R>;

/** A command that knows the function of the application that carries it out. */
export class BoundCommand<A extends readonly unknown[], R> extends Command<R> {
  constructor(
    readonly work: Work<A, R>,
    readonly asked: A,
  ) {
    super();
  }
}

/** A query that knows the function of the application that answers it. */
export class BoundQuery<A extends readonly unknown[], R> extends Query<R> {
  constructor(
    readonly work: Work<A, R>,
    readonly asked: A,
  ) {
    super();
  }
}

/** The base of a command class: `class TakeOver extends CommandOf(takeOver) {}`. */
export const CommandOf = <A extends readonly unknown[], R>(
  work: Work<A, R>,
): new (...asked: A) => BoundCommand<A, R> =>
  class extends BoundCommand<A, R> {
    constructor(...asked: A) {
      super(work, asked);
    }
  };

/** The base of a query class: `class ListOrders extends QueryOf(listOrders) {}`. */
export const QueryOf = <A extends readonly unknown[], R>(
  work: Work<A, R>,
): new (...asked: A) => BoundQuery<A, R> =>
  class extends BoundQuery<A, R> {
    constructor(...asked: A) {
      super(work, asked);
    }
  };

/** The one handler of the CommandBus, which finds it for every class that is derived from BoundCommand. */
@CommandHandler(BoundCommand)
export class BoundCommandHandler implements ICommandHandler<BoundCommand<never[], unknown>> {
  constructor(@Inject(SeatbookEdge) private readonly seatbook: SeatbookEdge) {}

  execute<A extends readonly unknown[], R>({ work, asked }: BoundCommand<A, R>): Promise<R> {
    return work(this.seatbook, ...asked);
  }
}

/** The one handler of the QueryBus. */
@QueryHandler(BoundQuery)
export class BoundQueryHandler implements IQueryHandler<BoundQuery<never[], unknown>> {
  constructor(@Inject(SeatbookEdge) private readonly seatbook: SeatbookEdge) {}

  execute<A extends readonly unknown[], R>({ work, asked }: BoundQuery<A, R>): Promise<R> {
    return work(this.seatbook, ...asked);
  }
}
