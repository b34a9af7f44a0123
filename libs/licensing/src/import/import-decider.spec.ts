import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { LOCATION } from '@seatbook/test-support/licensing-builders';
import type { KeptRefusal } from '@seatbook/kernel';
import { importDecider, mayBeRepeated } from './import-decider.js';
import type { ImportEvent, LocationRead, RequestedImport } from './import-events.js';
import { importSteps } from './import-steps.js';

const given = deciderSpec(importDecider, importSteps);
const settings = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;
const token = { fingerprint: 'f1', expiresAt: NOW + 1_000_000 };
const request: RequestedImport = { kind: 'import', ...token, orgName: 'Example', settings, takeOver: false };
const location: LocationRead = { kind: 'renew', uId: LOCATION, foreign: null, ...token };
const no: KeptRefusal = {
  code: 'REJECTED_TOKEN_REVOKED',
  message: 'it was revoked',
  facts: { errorNumber: 9_625 },
  retryAfterSeconds: null,
};
const notNow: KeptRefusal = { ...no, code: 'TRANSIENT_APPLE', retryAfterSeconds: 10 };

const REQUESTED: ImportEvent = { type: 'import.requested', data: { ...request, at: NOW } };
const READ: ImportEvent = { type: 'import.location-read', data: location };
const ACCEPTED: ImportEvent = { type: 'import.accepted', data: { uId: LOCATION, at: NOW } };
const FORGOTTEN: ImportEvent = { type: 'import.token-forgotten', data: { fingerprint: 'f1' } };
const refused = (refusal: KeptRefusal): ImportEvent => ({
  type: 'import.refused',
  data: { ...refusal, at: NOW },
});

describe('an import', () => {
  it('is requested once, and then waits for Apple', () => {
    const requested = given().when({ type: 'RequestImport', request });
    requested.then(REQUESTED);
    requested.thenOnce();
    requested.thenDue({ step: 'read', at: NOW });
  });

  it('waits for the account when Apple has said whose token it is', () => {
    const read = given(REQUESTED).when({ type: 'RecordLocation', location });
    read.then(READ);
    read.thenOnce();
    read.thenDue(null);
  });

  it('is accepted when the account has taken the token, and what was sealed for it is forgotten', () => {
    const accepted = given(REQUESTED, READ).when({ type: 'RecordAccountAnswer', refusal: null });
    accepted.then(ACCEPTED);
    accepted.thenOnce();
    accepted.thenDue({ step: 'forget', at: NOW });
    const forgotten = given(REQUESTED, READ, ACCEPTED).when({ type: 'RecordForgotten' });
    forgotten.then(FORGOTTEN);
    forgotten.thenOnce();
    forgotten.thenDue(null);
  });

  it('is refused by Apple, or by the account', () => {
    const byApple = given(REQUESTED).when({ type: 'RefuseImport', refusal: no });
    byApple.then(refused(no));
    byApple.thenDue({ step: 'forget', at: NOW });
    expect(given(REQUESTED, refused(no)).state).toMatchObject({ phase: 'refused', uId: null });
    given(REQUESTED, READ).when({ type: 'RecordAccountAnswer', refusal: no }).then(refused(no));
    expect(given(REQUESTED, READ, refused(no)).state).toMatchObject({ phase: 'refused', uId: LOCATION });
  });

  it('may be requested again where nothing was wrong with it', () => {
    given(REQUESTED, refused(no)).when({ type: 'RequestImport', request }).thenNothing();
    const again = given(REQUESTED, refused(notNow), FORGOTTEN).when({ type: 'RequestImport', request });
    again.then(REQUESTED);
    again.thenDue({ step: 'read', at: NOW });
    const outdated: KeptRefusal = { ...no, code: 'CONFLICT_VERSION' };
    const repeatable = (refusal: KeptRefusal) => mayBeRepeated(given(REQUESTED, refused(refusal)).state);
    expect([no, notNow, outdated].map(repeatable)).toEqual([false, true, true]);
  });

  it('takes no answer that comes too late, twice or before its request', () => {
    given(REQUESTED, refused(no)).when({ type: 'RecordLocation', location }).thenNothing();
    given(REQUESTED, READ).when({ type: 'RefuseImport', refusal: no }).thenNothing();
    given(REQUESTED).when({ type: 'RecordAccountAnswer', refusal: null }).thenNothing();
    given(REQUESTED).when({ type: 'RecordForgotten' }).thenNothing();
    given().when({ type: 'RecordLocation', location }).thenNothing();
  });
});
