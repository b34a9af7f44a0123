import type { Step } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { Order, OrderCommand } from './order-decider.js';

type OrderStep = Step<Order, LicensingPorts, OrderCommand>;

const ask: OrderStep = { name: 'ask', perform: () => Promise.resolve([{ type: 'AskNext' }]) };
const endAsking: OrderStep = { name: 'end-asking', perform: () => Promise.resolve([{ type: 'EndAsking' }]) };
const abandon: OrderStep = { name: 'abandon', perform: () => Promise.resolve([{ type: 'AbandonOrder' }]) };

export const orderSteps: readonly OrderStep[] = [ask, endAsking, abandon];
