import { idOf, inPhase, type Step, type Steps } from '@seatbook/kernel';
import { accessOf, fingerprintOf } from '../apple-access.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import type { LicensingPorts } from '../ports.js';
import type { Timings } from '../timings.js';
import type { AppleEventCommand } from './apple-event-decider.js';
import type { AppleEvent } from './apple-event-state.js';

/** Asks Apple how an event stands, when notifications have been quiet or none has come. */
const poll = ({ quietMs, silenceMs }: Timings): Step<AppleEvent, LicensingPorts, AppleEventCommand> => ({
  due(event) {
    if (event.phase !== 'bound') return null;
    const { uId, subscribed, boundAt, pollAfter, heard } = event;
    const quiet = heard.lastAt > 0 || !subscribed;
    const first = quiet ? Math.max(heard.lastAt, boundAt) + quietMs : boundAt + silenceMs;
    return { at: Math.max(first, pollAfter), gate: uId };
  },
  async perform(event, ports, stream) {
    const { uId } = inPhase(event, 'bound');
    const fingerprint = await fingerprintOf(uId, ports);
    const result = await ports.apple.status(await accessOf(uId, ports, fingerprint), idOf(stream));
    if (!result.ok) return [{ type: 'RecordPollFailure', failure: result.failure, fingerprint }];
    const failures: ReportedFailure[] = [];
    for (const { errorNumber, assets, serialNumbers, clientUserIds } of result.value.failures) {
      const seen = clientUserIds.map((clientUserId) => ({ clientUserId }));
      const userIds = seen.length === 0 ? [] : await ports.persons.userIdsOf(uId, seen);
      failures.push({ errorNumber, reason: '', assets, holders: { serialNumbers, userIds } });
    }
    return [{ type: 'RecordPoll', status: result.value, failures }];
  },
});

export const appleEventSteps = (timings: Timings): Steps<AppleEvent, LicensingPorts, AppleEventCommand> => ({
  poll: poll(timings),
});
