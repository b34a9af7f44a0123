import type { Secrets } from '@seatbook/runtime';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { NotificationSecrets } from './notification-secrets.js';

it('opens a secret once a minute, and knows no account that does not exist', async () => {
  const clock = new VirtualClock();
  const kept = new Map([['notification/77', 'first']]);
  let opened = 0;
  const secrets: Pick<Secrets, 'get'> = {
    async get(name) {
      opened += 1;
      return kept.get(name) ?? null;
    },
  };
  const notifications = new NotificationSecrets(secrets, clock);
  for (let number = 0; number < 300; number += 1) expect(await notifications.of('77')).toBe('first');
  expect(opened).toBe(1);

  kept.set('notification/77', 'second');
  clock.moveTo(clock.now() + 60_000);
  expect(await notifications.of('77')).toBe('second');
  kept.delete('notification/77');
  clock.moveTo(clock.now() + 60_000);
  expect(await notifications.of('77')).toBeNull();

  expect(await notifications.of('78')).toBeNull();
  kept.set('notification/78', 'new');
  expect(await notifications.of('78')).toBe('new');
});
