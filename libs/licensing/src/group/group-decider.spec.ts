import { NOW, deciderSpec } from '@seatbook/test-support/decider-spec';
import { LOCATION, PAGES, devices, manyDevices } from '@seatbook/test-support/licensing-builders';
import { DEFAULT_TIMINGS } from '../timings.js';
import { MAX_MEMBERS, groupDecider, type GroupCommand } from './group-decider.js';
import type { GroupEvent } from './group-events.js';
import { namedBy } from './group-state.js';
import { groupSteps } from './group-steps.js';

const given = deciderSpec(groupDecider(DEFAULT_TIMINGS), groupSteps);

const WISH = { ifShort: 'wait', fromReserve: false, platform: null } as const;
const TERMS = { uId: LOCATION, assets: [PAGES], ...WISH };
const WITHDRAW_AT = NOW + DEFAULT_TIMINGS.placeWithinMs + DEFAULT_TIMINGS.answerWithinMs;

const created = (follows: boolean): GroupEvent => ({
  type: 'group.created',
  data: { name: 'Class 7b', kind: 'devices', follows },
});
const joined = (...serials: string[]): GroupEvent => ({
  type: 'group.members-joined',
  data: devices(...serials),
});
const left = (...serials: string[]): GroupEvent => ({
  type: 'group.members-left',
  data: devices(...serials),
});
const admitted = (
  orderId: string,
  kind: 'AssignLicense' | 'ReturnLicense' = 'AssignLicense',
): GroupEvent => ({
  type: 'group.order-admitted',
  data: { orderId, kind, ...TERMS, withdrawAt: WITHDRAW_AT },
});
const answered = (orderId: string): GroupEvent => ({ type: 'group.order-answered', data: { orderId } });
const add = (...serials: string[]): GroupCommand => ({ type: 'AddMembers', holders: devices(...serials) });
const serveJoiners: GroupCommand = { type: 'ServeJoiners', groupId: 'g', install: [] };
const serveLeavers = (...serials: string[]): GroupCommand => ({
  type: 'ServeLeavers',
  groupId: 'g',
  leavers: devices(...serials),
  returns: [{ uId: LOCATION, asset: PAGES, holders: devices(...serials) }],
});

const standing = [created(true), joined('A'), admitted('o'), answered('o')] as const;

describe('a group', () => {
  it('is created once, and changed only while it is there', () => {
    const creating = { type: 'CreateGroup', name: 'Class 7b', kind: 'devices', follows: false } as const;
    given().when(creating).then(created(false));
    given(created(false)).when(creating).thenNothing();
    given(created(false)).when({ type: 'RenameGroup', name: 'Class 7b' }).thenNothing();
    given(created(false)).when({ type: 'SetGroupPolicy', follows: false }).thenNothing();
    given().when(add('A')).thenRefused('NOT_FOUND_GROUP');
    const deleted: GroupEvent = { type: 'group.deleted', data: {} };
    given(created(false), joined('A')).when({ type: 'DeleteGroup' }).thenRefused('REJECTED_GROUP_NOT_EMPTY');
    given(created(false), joined('A'), left('A')).when({ type: 'DeleteGroup' }).then(deleted);
    given(created(false), deleted).when({ type: 'DeleteGroup' }).thenNothing();
    given(created(false), deleted).when(add('A')).thenRefused('NOT_FOUND_GROUP');
  });

  it('has each member once, only of its kind, and only so many', () => {
    given(created(false), joined('A')).when(add('A', 'B')).then(joined('B'));
    given(created(false), joined('A')).when(add('A')).thenNothing();
    const remove = { type: 'RemoveMembers', holders: devices('A', 'X') } as const;
    given(created(false), joined('A', 'B')).when(remove).then(left('A'));
    const persons = { serialNumbers: [], userIds: ['kim'] };
    given(created(false)).when({ type: 'AddMembers', holders: persons }).thenRefused('INVALID_HOLDER');
    const full: GroupEvent = { type: 'group.members-joined', data: manyDevices(MAX_MEMBERS) };
    given(created(false), full).when(add('A')).thenRefused('REJECTED_GROUP_FULL');
  });

  it('an order that it admits names those who are members then, whoever comes and leaves', () => {
    const admitting: GroupCommand = { type: 'AdmitOrder', orderId: 'o', kind: 'AssignLicense', terms: TERMS };
    const before = [created(true), joined('A', 'B')] as const;
    given(...before)
      .when(admitting)
      .then(admitted('o'));
    const after = given(...before, admitted('o'), left('A'), joined('A', 'C'));
    expect(namedBy('o', after.state)).toEqual(['d:A', 'd:B']);
    given(...before, admitted('o'))
      .when(admitting)
      .thenNothing();
    expect(namedBy('o', given(...before, admitted('o'), answered('o')).state)).toBeNull();
  });

  it('who joins before the order is answered is served after it, by the same order only once', () => {
    const during = [created(true), joined('A'), admitted('o'), joined('B')] as const;
    expect(given(...during).due()).toMatchObject({ step: 'withdraw', at: WITHDRAW_AT });
    expect(given(...during, answered('o')).due()).toMatchObject({ step: 'serve-joiners' });
    const served = given(...during, answered('o')).when(serveJoiners);
    expect(served.events).toMatchObject([
      { type: 'group.joiners-served', data: { ...TERMS, ...devices('B'), joining: 2 } },
    ]);
    served.thenDue(null);
    served.thenOnce();
    given(...standing)
      .when(serveJoiners)
      .thenNothing();
  });

  it('joiners get nothing where the group does not follow, nor by what was returned, nor when it begins to follow', () => {
    const still = [created(false), joined('A'), admitted('o'), answered('o'), joined('B')] as const;
    given(...still)
      .when(serveJoiners)
      .thenNothing();
    const follows: GroupEvent = { type: 'group.policy-set', data: { follows: true } };
    given(...still, follows)
      .when(serveJoiners)
      .thenNothing();
    expect(given(...still, follows, joined('C')).due()).toMatchObject({ step: 'serve-joiners' });
    const returned = [...standing, admitted('r', 'ReturnLicense'), answered('r'), joined('B')];
    given(...returned)
      .when(serveJoiners)
      .thenNothing();
  });

  it('leavers give back when all that was ordered for them is answered, unless they are members again', () => {
    const after = [...standing, left('A')];
    expect(given(...after).due()).toMatchObject({ step: 'serve-leavers' });
    const back = given(...after).when(serveLeavers('A'));
    back.thenTypes('group.return-asked', 'group.leavers-served');
    expect(back.events[0]).toMatchObject({ data: { uId: LOCATION, ...PAGES, ...devices('A') } });
    back.thenDue(null);
    back.thenOnce();
    given(...after, joined('A'))
      .when(serveLeavers('A'))
      .thenTypes('group.leavers-served');
    expect(given(...after, admitted('p')).due()).toMatchObject({ step: 'withdraw' });
    expect(given(created(false), joined('A'), left('A')).due()).toBeNull();
  });

  it('forgets an order that was never placed', () => {
    const lost: GroupCommand = { type: 'WithdrawOrder', orderId: 'o' };
    const withdrawn: GroupEvent = { type: 'group.order-withdrawn', data: { orderId: 'o' } };
    given(created(true), admitted('o')).when(lost).then(withdrawn);
    given(...standing)
      .when(lost)
      .thenNothing();
    given(created(true), admitted('o'), withdrawn).when({ type: 'AnswerOrder', orderId: 'o' }).thenNothing();
  });
});
