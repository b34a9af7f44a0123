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
type Work<A extends readonly unknown[], R> = (edge: SeatbookEdge, ...asked: A) => Promise<R>;

/** Functions of the application by the names that commands or queries have. */
type Catalogue = Readonly<Record<string, Work<never[], unknown>>>;

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

export type CommandClasses<C extends Catalogue> = {
  readonly [N in keyof C]: C[N] extends Work<infer A, infer R>
    ? new (...asked: A) => BoundCommand<A, R>
    : never;
};

export type QueryClasses<C extends Catalogue> = {
  readonly [N in keyof C]: C[N] extends Work<infer A, infer R>
    ? new (...asked: A) => BoundQuery<A, R>
    : never;
};

/** A class for each command of a catalogue, of the same name. */
export const commandsOf = <C extends Catalogue>(catalogue: C): CommandClasses<C> =>
  classesOf(
    catalogue,
    (work) =>
      class extends BoundCommand<never[], unknown> {
        constructor(...asked: never[]) {
          super(work, asked);
        }
      },
    // The entries are looked at one by one: that each class fits its function is known by their names alone.
  ) as CommandClasses<C>;

/** A class for each query of a catalogue, of the same name. */
export const queriesOf = <C extends Catalogue>(catalogue: C): QueryClasses<C> =>
  classesOf(
    catalogue,
    (work) =>
      class extends BoundQuery<never[], unknown> {
        constructor(...asked: never[]) {
          super(work, asked);
        }
      },
    // As above.
  ) as QueryClasses<C>;

function classesOf(catalogue: Catalogue, classOf: (work: Work<never[], unknown>) => object): object {
  const classes: Record<string, object> = {};
  for (const [name, work] of Object.entries(catalogue)) {
    // Who listens on a bus sees the name of the command.
    classes[name] = Object.defineProperty(classOf(work), 'name', { value: name });
  }
  return classes;
}

/** The one handler of the CommandBus, which finds it for every class that is derived from BoundCommand. */
@CommandHandler(BoundCommand)
export class BoundCommandHandler implements ICommandHandler<BoundCommand<never[], unknown>> {
  constructor(@Inject(SeatbookEdge) private readonly edge: SeatbookEdge) {}

  execute<A extends readonly unknown[], R>({ work, asked }: BoundCommand<A, R>): Promise<R> {
    return work(this.edge, ...asked);
  }
}

/** The one handler of the QueryBus. */
@QueryHandler(BoundQuery)
export class BoundQueryHandler implements IQueryHandler<BoundQuery<never[], unknown>> {
  constructor(@Inject(SeatbookEdge) private readonly edge: SeatbookEdge) {}

  execute<A extends readonly unknown[], R>({ work, asked }: BoundQuery<A, R>): Promise<R> {
    return work(this.edge, ...asked);
  }
}
