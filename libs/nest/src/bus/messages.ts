import { commands, queries } from '@seatbook/application';
import { commandsOf, queriesOf } from './binding.js';

/** What the CommandBus carries: `new Commands.TakeOver({ uId }, caller)`. */
export const Commands = commandsOf(commands);

/** What the QueryBus carries: `new Queries.ListOrders({ part })`. */
export const Queries = queriesOf(queries);
