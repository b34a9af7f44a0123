import { idOf, inPhase, type Step, type Steps } from '@seatbook/kernel';
import { accessTo, accountOf } from '../apple-access.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import { MAX_RETRY_AFTER_MS, type LicensingPorts } from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { AppleEventCommand } from './apple-event-decider.js';
import type { AppleEvent } from './apple-event-state.js';

/** Asks Apple how an event stands, when notifications have been quiet or none has come. */
const poll: Step<AppleEvent, LicensingPorts, AppleEventCommand> = {
  due(event) {
    if (event.phase !== 'bound') return null;
    const { uId, quietAt, pollAfter } = event;
    return { at: Math.max(quietAt, pollAfter), gate: uId };
  },
  async perform(event, ports, stream) {
    const { uId } = inPhase(event, 'bound');
    const account = await accountOf(uId, ports);
    const { fingerprint } = account.token;
    const result = await ports.apple.status(await accessTo(account, ports), idOf(stream));
    if (!result.ok) return [{ type: 'RecordPollFailure', failure: result.failure, fingerprint }];
    const failures: ReportedFailure[] = [];
    for (const { errorNumber, reason, assets, serialNumbers, clientUserIds } of result.value.failures) {
      const seen = clientUserIds.map((clientUserId) => ({ clientUserId }));
      const userIds = seen.length === 0 ? [] : await ports.persons.userIdsOf(uId, seen);
      failures.push({ errorNumber, reason, assets, holders: { serialNumbers, userIds } });
    }
    return [{ type: 'RecordPoll', status: result.value, failures }];
  },
};

/** What Apple announces and nobody of ours has asked for. A call that is known later still gets its outcome. */
const findForeign: Step<AppleEvent, LicensingPorts, AppleEventCommand> = {
  due: (event) => (event.phase === 'unbound' && event.foreignAt !== null ? { at: event.foreignAt } : null),
  perform: () => Promise.resolve([{ type: 'FindForeign' }]),
};

export const appleEventSteps = { poll, 'find-foreign': findForeign } satisfies Steps<
  AppleEvent,
  LicensingPorts,
  AppleEventCommand
>;

export const appleEventWaits = (timings: Timings): LongestWaits<typeof appleEventSteps> => {
  const { silenceMs, quietMs, pollEveryMs, maxRetryMs, foreignAfterMs } = timings;
  return {
    poll: Math.max(silenceMs, quietMs, pollEveryMs, maxRetryMs, MAX_RETRY_AFTER_MS),
    'find-foreign': foreignAfterMs,
  };
};
