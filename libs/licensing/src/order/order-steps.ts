import type { Step, Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { Timings } from '../timings.js';
import type { Order, OrderCommand } from './order-decider.js';

type OrderStep = Step<Order, LicensingPorts, OrderCommand>;

const abandon = ({ placeWithinMs }: Timings): OrderStep => ({
  due: (order) => (order.phase === 'listing' ? { at: order.at + placeWithinMs } : null),
  perform: () => Promise.resolve([{ type: 'AbandonOrder' }]),
});

const ask: OrderStep = {
  due: (order) => (order.phase === 'placed' && order.asked < order.parts ? { at: order.at } : null),
  perform: () => Promise.resolve([{ type: 'AskNext' }]),
};

const endAsking = ({ answerWithinMs }: Timings): OrderStep => ({
  due: (order) =>
    order.phase === 'placed' && order.asked === order.parts ? { at: order.at + answerWithinMs } : null,
  perform: () => Promise.resolve([{ type: 'EndAsking' }]),
});

export const orderSteps = (timings: Timings): Steps<Order, LicensingPorts, OrderCommand> => ({
  ask,
  'end-asking': endAsking(timings),
  abandon: abandon(timings),
});
