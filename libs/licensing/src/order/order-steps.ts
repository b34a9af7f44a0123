import type { Step, Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
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

export const orderSteps: Steps<Order, LicensingPorts, OrderCommand> = {
  ask,
  'end-asking': endAsking,
  abandon,
};
