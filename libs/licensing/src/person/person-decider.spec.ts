import { deciderSpec } from '@seatbook/test-support/decider-spec';
import { personDecider } from './person-decider.js';
import type { PersonEvent } from './person-events.js';

const given = deciderSpec(personDecider);
const registered: PersonEvent = { type: 'person.registered', data: {} };
const changed: PersonEvent = { type: 'person.details-changed', data: {} };
const forgotten: PersonEvent = { type: 'person.forgotten', data: {} };

describe('a person', () => {
  it('is registered once', () => {
    given().when({ type: 'RegisterPerson' }).then(registered);
    given(registered).when({ type: 'RegisterPerson' }).then();
  });

  it('whom Apple knew before is registered by the first details that are given', () => {
    given().when({ type: 'ChangeDetails' }).then(registered);
    given(registered).when({ type: 'ChangeDetails' }).then(changed);
    given(registered, changed).when({ type: 'ChangeDetails' }).then(changed);
  });

  it('is forgotten once, and for good', () => {
    given(registered).when({ type: 'ForgetPerson' }).then(forgotten);
    given().when({ type: 'ForgetPerson' }).then(forgotten);
    given(registered, forgotten).when({ type: 'ForgetPerson' }).then();
    for (const type of ['RegisterPerson', 'ChangeDetails'] as const)
      given(registered, forgotten).when({ type }).thenRefused('REJECTED_PERSON_FORGOTTEN');
  });
});
