import { idOf, type Step } from '@seatbook/kernel';
import { accessOf, fingerprintOf } from '../account/account-access.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import type { LicensingPorts } from '../ports.js';
import type { AppleEvent, AppleEventCommand } from './apple-event-decider.js';

/** Asks Apple how an event stands; it only reads. */
const poll: Step<AppleEvent, LicensingPorts, AppleEventCommand> = {
  name: 'poll',
  async perform({ uId }, ports, stream) {
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
};

export const appleEventSteps: readonly Step<AppleEvent, LicensingPorts, AppleEventCommand>[] = [poll];
