import { commands, queries } from '@seatbook/application';
import { commandsOf, queriesOf, type CommandClasses, type QueryClasses } from './binding.js';

/** What the CommandBus carries: `new Commands.TakeOver({ uId }, caller)`. */
export const Commands: CommandClasses<typeof commands> = commandsOf(commands);

/** What the QueryBus carries: `new Queries.ListOrders({ part })`. */
export const Queries: QueryClasses<typeof queries> = queriesOf(queries);
