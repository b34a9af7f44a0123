import type { Step, Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { Timings } from '../timings.js';
import type { Order, OrderCommand } from './order-decider.js';

type OrderStep = Step<Order, LicensingPorts, OrderCommand>;

const abandon = ({ placeWithinMs }: Timings): OrderStep => ({
  due: ({ phase, at }) => (phase === 'listing' ? { at: at + placeWithinMs } : null),
  perform: () => Promise.resolve([{ type: 'AbandonOrder' }]),
});

const ask: OrderStep = {
  due: ({ phase, asked, parts, at }) => (phase === 'placed' && asked < parts ? { at } : null),
  perform: () => Promise.resolve([{ type: 'AskNext' }]),
};

const endAsking = ({ answerWithinMs }: Timings): OrderStep => ({
  due: ({ phase, asked, parts, at }) =>
    phase === 'placed' && asked === parts ? { at: at + answerWithinMs } : null,
  perform: () => Promise.resolve([{ type: 'EndAsking' }]),
});

export const orderSteps = (timings: Timings): Steps<Order, LicensingPorts, OrderCommand> => ({
  ask,
  'end-asking': endAsking(timings),
  abandon: abandon(timings),
});
