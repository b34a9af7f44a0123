import type { Instant } from '@seatbook/kernel';
import { composedProfile, digestOf, type DeviceProfile } from '../device-profile.js';
import type { DeviceAnswer } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { installationDecider, type InstallationCommand } from './installation-decider.js';
import type { InstallationEvent } from './installation-events.js';
import type { DeviceApps } from './installation-state.js';
import { nextOfProfile, profileStateOf, type ProfileState } from './device-profile-state.js';

const decider = installationDecider(DEFAULT_TIMINGS);
const { rolloutQuietMs: QUIET, unansweredMs: UNANSWERED } = DEFAULT_TIMINGS;
const app = (bundleId: string) => ({
  bundleId,
  cellularData: true,
  dataRoaming: false,
  sso: null,
  vpn: null,
});
const PROFILE = composedProfile([app('com.example.maps')]);
const OTHER = composedProfile([app('com.example.maps'), app('com.example.video')]);
const ANSWER = { bundleId: null, state: null, rejection: null, errors: [], apps: null, facts: null } as const;

/** One device, through commands in their order. */
class Device {
  state: DeviceApps = decider.initial();
  at: Instant = 1_000;

  send(command: InstallationCommand): InstallationEvent[] {
    const events = decider.decide(command, this.state, this.at);
    for (const event of events) this.state = decider.evolve(this.state, event);
    return [...events];
  }

  compose(uuid: string, profile: DeviceProfile | null, unnamed = false): InstallationEvent[] {
    return this.send({ type: 'ComposeProfile', uuid, profile, unnamed });
  }

  answer(uuid: string, status: DeviceAnswer['status'] = 'Acknowledged', code?: number): InstallationEvent[] {
    const errors = code === undefined ? [] : [{ code, domain: 'MCProfileErrorDomain' }];
    return this.send({ type: 'RecordDeviceAnswer', uuid, answer: { ...ANSWER, errors, status } });
  }

  get next(): Instant | null {
    return nextOfProfile(this.state.profile);
  }

  get stands(): ProfileState {
    return profileStateOf(this.state.profile);
  }

  /** Has been sent the profile. */
  static asked(profile: DeviceProfile | null = PROFILE): Device {
    const device = new Device();
    device.send({ type: 'DoubtProfile' });
    device.compose('p1', profile);
    return device;
  }

  /** Has taken it. */
  static with(profile: DeviceProfile | null = PROFILE): Device {
    const device = Device.asked(profile);
    device.answer('p1');
    return device;
  }
}

const typesOf = (events: readonly InstallationEvent[]) => events.map(({ type }) => type.slice(21));

it('is composed once for all apps of a rollout, sent, and in force when the device says so', () => {
  const device = new Device();
  expect(device.next).toBeNull();
  expect(typesOf(device.send({ type: 'DoubtProfile' }))).toEqual(['doubted']);
  expect(device.send({ type: 'DoubtProfile' })).toEqual([]);
  expect(device.next).toBe(device.at + QUIET);
  expect(device.compose('p1', PROFILE)).toMatchObject([
    { data: { uuid: 'p1', digest: digestOf(PROFILE), profile: PROFILE, lookAt: device.at + UNANSWERED } },
  ]);
  expect(device.answer('p1')).toMatchObject([{ data: { digest: digestOf(PROFILE) } }]);
  expect(device.answer('p1')).toEqual([]);
  expect(device.next).toBeNull();
});

it('is sent again only when its content is another one, and removed when nothing is left', () => {
  const device = Device.with();
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p2', PROFILE))).toEqual(['kept']);
  expect(device.next).toBeNull();
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p2', OTHER))).toEqual(['asked']);
  device.answer('p2');
  device.send({ type: 'DoubtProfile' });
  expect(device.compose('p3', null)).toMatchObject([{ data: { uuid: 'p3', digest: '', profile: null } }]);
  expect(typesOf(device.answer('p3', 'Error', 4_001))).toEqual(['taken']);
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p4', null))).toEqual(['kept']);
});

it('costs a device nothing of which no app asks for anything', () => {
  const device = new Device();
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p1', null))).toEqual(['kept']);
  expect(typesOf(new Device().send({ type: 'RecordReenrolment', uuid: 'list-1' }))).toEqual([]);
});

it('is sent again to a device that says nothing, until that is too often; then when the device speaks', () => {
  const device = Device.asked();
  const waits: number[] = [];
  for (let count = 2; count <= 14; count += 1) {
    waits.push((device.next ?? 0) - device.at);
    device.at = device.next ?? 0;
    expect(typesOf(device.compose(`p${count}`, PROFILE))).toEqual(['asked']);
  }
  expect(waits.slice(0, 3)).toEqual([UNANSWERED, 2 * UNANSWERED, 4 * UNANSWERED]);
  device.at = device.next ?? 0;
  expect(device.compose('p15', PROFILE)).toMatchObject([{ data: { reason: 'unanswered', again: null } }]);
  expect(device.next).toBeNull();
  device.send({
    type: 'CommandInstallation',
    uuid: 'i1',
    uId: '77',
    asset: { adamId: '1', pricingParam: 'STDQ' },
    orderId: 'o',
    attempt: 1,
  });
  device.answer('i1', 'NotNow');
  expect(device.next).toBe(0);
  expect(typesOf(device.compose('p16', PROFILE))).toEqual(['asked']);
});

it('that was given up is in force when the device has it all the same', () => {
  const device = Device.asked();
  for (let count = 2; count <= 15; count += 1) {
    device.at = device.next ?? 0;
    device.compose(`p${count}`, PROFILE);
  }
  expect(typesOf(device.answer('p3'))).toEqual(['taken']);
  expect(device.answer('p14')).toEqual([]);
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p16', PROFILE))).toEqual(['kept']);
});

it('waits for a device that puts it off, and hears of it once', () => {
  const device = Device.asked();
  expect(device.answer('p1', 'NotNow')).toMatchObject([{ data: { lookAt: device.at + 4 * UNANSWERED } }]);
  expect(device.answer('p1', 'NotNow')).toEqual([]);
  expect(typesOf(device.answer('p1'))).toEqual(['taken']);
});

it('that a device refuses is tried a few times, and then with the next change', () => {
  const device = Device.asked();
  expect(device.answer('p1', 'Error', 4_001)).toMatchObject([
    { data: { reason: 'refused', code: 4_001, again: device.at + UNANSWERED } },
  ]);
  for (const uuid of ['p2', 'p3']) {
    device.compose(uuid, PROFILE);
    device.answer(uuid, 'CommandFormatError');
  }
  expect(device.next).toBeNull();
  device.send({ type: 'DoubtProfile' });
  expect(typesOf(device.compose('p4', OTHER))).toEqual(['asked']);
});

it('that the MDM server does not take is sent later', () => {
  const device = Device.asked();
  expect(device.send({ type: 'RecordProfileUnsent', uuid: 'p0' })).toEqual([]);
  expect(device.send({ type: 'RecordProfileUnsent', uuid: 'p1' })).toMatchObject([
    { data: { reason: 'not-queued', code: null, again: device.at + UNANSWERED } },
  ]);
});

it('is sent once more when the device carries out an earlier command late', () => {
  const device = Device.asked();
  device.send({ type: 'DoubtProfile' });
  device.compose('p2', OTHER);
  device.answer('p2');
  expect(typesOf(device.answer('p1'))).toEqual(['overtaken']);
  expect(device.answer('p1')).toEqual([]);
  expect(device.next).toBe(0);
  expect(typesOf(device.compose('p3', OTHER))).toEqual(['asked']);
  // The same content twice changes nothing.
  device.at = device.next ?? 0;
  device.compose('p4', OTHER);
  device.answer('p4');
  expect(device.answer('p3')).toEqual([]);
});

it('says how it stands, from one content to the next', () => {
  const device = new Device();
  const seen: ProfileState[] = [device.stands];
  const then = (does: () => unknown): void => {
    does();
    seen.push(device.stands);
  };
  then(() => device.send({ type: 'DoubtProfile' }));
  then(() => device.compose('p1', PROFILE));
  then(() => device.answer('p1', 'NotNow'));
  then(() => device.answer('p1'));
  device.send({ type: 'DoubtProfile' });
  device.compose('p2', OTHER);
  then(() => device.answer('p2', 'Error', 4_001));
  for (const uuid of ['p3', 'p4']) {
    device.compose(uuid, OTHER);
    device.answer(uuid, 'Error', 4_001);
  }
  then(() => undefined);
  then(() => device.send({ type: 'DoubtProfile' }));
  then(() => device.compose('p5', null));
  then(() => device.answer('p5'));
  expect(seen).toEqual([
    'none',
    'changing',
    'sent',
    'put-off',
    'installed',
    'retrying',
    'failed',
    'changing',
    'removing',
    'none',
  ]);
});

it('goes with an enrolment, and comes back with the next one', () => {
  const device = Device.with();
  expect(typesOf(device.send({ type: 'RecordReenrolment', uuid: 'list-1' }))).toEqual(['lost']);
  expect(device.next).toBe(0);
  expect(typesOf(device.compose('p2', PROFILE))).toEqual(['asked']);
  expect(device.send({ type: 'RecordDeviceLeft' })).toMatchObject([{ type: 'installation.device-left' }]);
  expect(device.next).toBeNull();
  expect(device.send({ type: 'RecordDeviceLeft' })).toEqual([]);
});

it('is composed anew when an app of it comes or goes by itself, or has told its bundle id', () => {
  const device = new Device();
  const command = { type: 'CommandInstallation', uId: '77', orderId: 'o', attempt: 1 } as const;
  const asset = { adamId: '1', pricingParam: 'STDQ' };
  device.send({ ...command, uuid: 'i1', asset });
  device.send({ type: 'DoubtProfile' });
  device.compose('p1', null, true);
  expect(device.next).toBeNull();
  device.send({
    type: 'RecordDeviceAnswer',
    uuid: 'i1',
    answer: { ...ANSWER, status: 'Acknowledged', bundleId: 'com.example.maps' },
  });
  expect(device.next).toBe(0);
  device.compose('p2', PROFILE);
  device.answer('p2');
  device.send({ type: 'Look', uuid: 'l1', bundleIds: {} });
  device.at += DEFAULT_TIMINGS.firstLookMs;
  device.send({ type: 'Look', uuid: 'l1', bundleIds: {} });
  const told = { bundleId: 'com.example.maps', status: 'UserRejected', version: null };
  device.send({
    type: 'RecordDeviceAnswer',
    uuid: 'l1',
    answer: { ...ANSWER, status: 'Acknowledged', apps: [told] },
  });
  expect(device.next).toBe(0);
  expect(typesOf(device.compose('p3', null))).toEqual(['asked']);
});
