import type { Step, Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { Order, OrderCommand } from './order-decider.js';

type OrderStep = Step<Order, LicensingPorts, OrderCommand>;

const abandon: OrderStep = {
  due: (order) => (order.phase === 'listing' ? { at: order.abandonAt } : null),
  perform: () => Promise.resolve([{ type: 'AbandonOrder' }]),
};

const ask: OrderStep = {
  due: (order) => (order.phase === 'placed' && order.asked < order.parts ? { at: order.at } : null),
  perform: () => Promise.resolve([{ type: 'AskNext' }]),
};

const endAsking: OrderStep = {
  due: (order) => (order.phase === 'placed' && order.asked === order.parts ? { at: order.answerBy } : null),
  perform: () => Promise.resolve([{ type: 'EndAsking' }]),
};

export const orderSteps = {
  ask,
  'end-asking': endAsking,
  abandon,
} satisfies Steps<Order, LicensingPorts, OrderCommand>;

export const orderWaits = ({ answerWithinMs, placeWithinMs }: Timings): LongestWaits<typeof orderSteps> => ({
  ask: 0,
  'end-asking': answerWithinMs,
  abandon: placeWithinMs,
});
