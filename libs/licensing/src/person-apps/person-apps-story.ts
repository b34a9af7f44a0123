import { idOf, type Envelope, type Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, type StoryContext } from '../wording.js';
import type { AppPlaced, PersonAppsEvent } from './person-apps-events.js';

export function personAppsSubjects({ stream, type, data }: Envelope<PersonAppsEvent>): Subjects {
  const { uId } = data;
  const person = `u:${idOf(stream)}`;
  switch (type) {
    case 'personApps.wanted':
      return { uId, holders: [person], assets: [data], orders: [data.orderId] };
    case 'personApps.unwanted': {
      const { apps } = data;
      const assets = apps.map(({ adamId, pricingParam }) => ({ adamId, pricingParam }));
      return { uId, holders: [person], assets, orders: apps.map(({ orderId }) => orderId) };
    }
    case 'personApps.doubted':
      return { uId, holders: [person] };
    case 'personApps.looked': {
      const { apps } = data;
      const devices = apps.flatMap(({ start, stop, remove }) => [
        ...start,
        ...stop,
        ...(remove?.devices ?? []),
      ]);
      const holders = [person, ...new Set(devices.map((device) => `d:${device}`))];
      const assets = apps.map(({ adamId, pricingParam }) => ({ adamId, pricingParam }));
      return { uId, holders, assets, orders: ordersOf(apps) };
    }
  }
}

const ordersOf = (apps: readonly AppPlaced[]): readonly string[] =>
  apps.flatMap(({ orderId, remove }) => (remove ? [orderId, remove.orderId] : [orderId]));

export const personAppsStory: Story<PersonAppsEvent, StoryContext> = {
  'personApps.wanted': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to be installed on the devices of the person.`,
  'personApps.unwanted': ({ data: { uId, apps } }, { assetName }) =>
    `To be removed from the devices of the person when the licence is gone: ${apps.map((app) => assetName(uId, app)).join(', ')}.`,
  'personApps.doubted': () => 'Where the apps of the person are to be is looked at again.',
  'personApps.looked'({ data: { uId, apps } }, { assetName }) {
    if (apps.length === 0 || uId === null) return 'The apps of the person stay where they are to be.';
    return apps
      .map((app) => {
        const name = assetName(uId, app);
        if (app.remove)
          return `${name} is removed from ${count(app.remove.devices.length, 'device')} of the person.`;
        if (app.over) return `${name} is not wanted on devices of the person any more.`;
        if (app.waitsFor === 'person')
          return `${name} waits for the person, who has not accepted the invitation yet.`;
        if (app.waitsFor === 'device') return `${name} waits for a device of the person.`;
        const stops = app.stop.length === 0 ? '' : `, and not any more on ${count(app.stop.length, 'other')}`;
        return `${name} is to be installed on ${count(app.start.length, 'device')} of the person${stops}.`;
      })
      .join(' ');
  },
};
