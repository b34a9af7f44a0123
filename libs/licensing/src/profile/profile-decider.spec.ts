import type { Command } from '@seatbook/kernel';
import { profileDecider, type Profile, type ProfileCommand } from './profile-decider.js';
import type { ProfileEvent, ProfileUser } from './profile-events.js';

const VPN = { fingerprint: 'f1', vpnUuid: '11111111-2222-4333-8444-555555555555' };
const REGISTERED: ProfileEvent = {
  type: 'profile.registered',
  data: { kind: 'VPN', name: 'Office', ...VPN },
};
const APP: ProfileUser = { uId: '77', adamId: '900000001' };
const ALL: ProfileUser = { uId: '77', adamId: null };
const NOTED: ProfileEvent = { type: 'profile.use-noted', data: APP };

const given = (...events: readonly ProfileEvent[]): Profile =>
  events.reduce((state, event) => profileDecider.evolve(state, event), profileDecider.initial());
const decide = (command: ProfileCommand & Command, ...events: readonly ProfileEvent[]) =>
  profileDecider.decide(command, given(...events), 0);

it('is registered once, and changed by what is new', () => {
  const register = { type: 'RegisterProfile', kind: 'VPN', name: 'Office', payload: VPN } as const;
  expect(decide(register)).toEqual([REGISTERED]);
  expect(decide(register, REGISTERED)).toEqual([]);
  const renamed = { name: 'Head office', ...VPN, users: [] };
  expect(decide({ type: 'ChangeProfile', name: 'Head office', payload: null }, REGISTERED)).toEqual([
    { type: 'profile.changed', data: renamed },
  ]);
  const other = { ...VPN, fingerprint: 'f2' };
  expect(decide({ type: 'ChangeProfile', name: 'Office', payload: other }, REGISTERED, NOTED)).toEqual([
    { type: 'profile.changed', data: { name: 'Office', ...other, users: [APP] } },
  ]);
  expect(decide({ type: 'ChangeProfile', name: 'Office', payload: VPN }, REGISTERED)).toEqual([]);
});

it('keeps its VPNUUID, which apps are bound to', () => {
  const payload = { fingerprint: 'f2', vpnUuid: '99999999-2222-4333-8444-555555555555' };
  expect(() => decide({ type: 'ChangeProfile', name: 'Office', payload }, REGISTERED)).toThrow(
    expect.objectContaining({ code: 'INVALID_PROFILE' }) as Error,
  );
});

it('is not deleted while settings name it, and says which', () => {
  const events = [REGISTERED, NOTED, { type: 'profile.use-noted', data: ALL } as const];
  expect(() => decide({ type: 'DeleteProfile', unused: [ALL] }, ...events)).toThrow(
    expect.objectContaining({
      code: 'REJECTED_PROFILE_IN_USE',
      facts: { usedBy: [{ accountId: '77', adamId: '900000001' }] },
    }) as Error,
  );
  expect(decide({ type: 'DeleteProfile', unused: [ALL, APP] }, ...events)).toEqual([
    { type: 'profile.deleted', data: {} },
  ]);
});

it('is used as what it is, as long as it is there', () => {
  const use = { type: 'NoteUse', ...APP } as const;
  expect(decide({ ...use, kind: 'VPN' }, REGISTERED)).toEqual([NOTED]);
  expect(decide({ ...use, kind: 'VPN' }, REGISTERED, NOTED)).toEqual([]);
  const unknown = expect.objectContaining({ code: 'NOT_FOUND_PROFILE' }) as Error;
  expect(() => decide({ ...use, kind: 'SSO' }, REGISTERED)).toThrow(unknown);
  expect(() => decide({ ...use, kind: 'VPN' })).toThrow(unknown);
  const deleted = [REGISTERED, { type: 'profile.deleted', data: {} } as const] as const;
  expect(() => decide({ ...use, kind: 'VPN' }, ...deleted)).toThrow(unknown);
  expect(() => decide({ type: 'DeleteProfile', unused: [] }, ...deleted)).toThrow(unknown);
  expect(decide({ type: 'RecordPayloadForgotten' }, ...deleted)).toEqual([
    { type: 'profile.payload-forgotten', data: {} },
  ]);
});
