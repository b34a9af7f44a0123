import { Refusal, type Command, type Decider } from '@seatbook/kernel';
import type { PersonEvent } from './person-events.js';

export type PersonCommand = Command<'RegisterPerson'> | Command<'ChangeDetails'> | Command<'ForgetPerson'>;

/** `unregistered`: Apple may know the person all the same, by what another tool has called this person. */
export interface Person {
  readonly phase: 'unregistered' | 'registered' | 'forgotten';
}

export const personDecider: Decider<PersonCommand, Person, PersonEvent> = {
  initial: () => ({ phase: 'unregistered' }),

  decide({ type }, { phase }) {
    switch (type) {
      case 'RegisterPerson':
        if (phase === 'forgotten') throw forgotten();
        return phase === 'registered' ? [] : [{ type: 'person.registered', data: {} }];
      case 'ChangeDetails':
        if (phase === 'forgotten') throw forgotten();
        return [{ type: phase === 'registered' ? 'person.details-changed' : 'person.registered', data: {} }];
      case 'ForgetPerson':
        return phase === 'forgotten' ? [] : [{ type: 'person.forgotten', data: {} }];
    }
  },

  evolve(person, { type }) {
    switch (type) {
      case 'person.registered':
        return { phase: 'registered' };
      case 'person.details-changed':
        return person;
      case 'person.forgotten':
        return { phase: 'forgotten' };
    }
  },
};

const forgotten = (): Refusal =>
  new Refusal('REJECTED_PERSON_FORGOTTEN', 'this person was forgotten; register the person as a new one');
