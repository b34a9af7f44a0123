import {
  categoryOf,
  type CommandMessage,
  type Command,
  type Decider,
  type DomainEvent,
  type Instant,
} from '@seatbook/kernel';
import {
  DEFAULT_APP_SETTINGS,
  DEFAULT_TIMINGS,
  ACTIVATION,
  accountStream,
  appSettingsStream,
  activationStream,
  appleEventStream,
  assetStream,
  importStream,
  callStream,
  licensingReactions,
  licensingStreams,
  notificationStream,
  orderStream,
  groupStream,
  profileStream,
  personAppsStream,
  personStream,
  reconciliationStream,
  deviceAppsStream,
  deviceStream,
  mdmCommandStream,
  type AccountCommand,
  type DeviceAnswer,
  type DeviceCommand,
  type InstallationCommand,
  type MdmCommandCommand,
  type ActivationCommand,
  type AppleEventCommand,
  type AppSettingsCommand,
  type AssetCommand,
  type CallCommand,
  type GroupCommand,
  type ImportCommand,
  type Holders,
  type NotificationCommand,
  type OrderCommand,
  type OrderTerms,
  type PersonAppsCommand,
  type PersonCommand,
  type UsageRule,
  type ProfileCommand,
  type ReconciliationCommand,
} from '@seatbook/licensing';
import { NOW } from './decider-spec.js';
import { EventLog } from './event-log.js';
import { KEYNOTE, LOCATION, PAGES, appleAsset, devices, manyDevices, terms } from './licensing-builders.js';

// The journey speaks with deciders of all types; each sees only its own commands, states and events.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyDecider = Decider<any, any, any>;

type AnyCommand =
  | AccountCommand
  | ActivationCommand
  | AppSettingsCommand
  | ImportCommand
  | AssetCommand
  | OrderCommand
  | CallCommand
  | AppleEventCommand
  | NotificationCommand
  | GroupCommand
  | PersonAppsCommand
  | PersonCommand
  | ProfileCommand
  | ReconciliationCommand
  | DeviceCommand
  | InstallationCommand
  | MdmCommandCommand;

/** All deciders and reactions of the domain in one thread, without Apple: the results of steps are given by hand. */
export class LicensingJourney {
  readonly log = new EventLog();
  readonly #deciders = new Map<string, AnyDecider>(
    Object.values(licensingStreams(DEFAULT_TIMINGS)).map(({ category, decider }) => [
      category,
      decider as AnyDecider,
    ]),
  );
  readonly #states = new Map<string, unknown>();
  readonly #reactions = licensingReactions(DEFAULT_TIMINGS);

  /** Sends a command and all that follows from it, breadth first. */
  send(stream: string, command: AnyCommand, at: Instant = NOW + this.log.envelopes.length): void {
    const queue: CommandMessage[] = [{ stream, command }];
    for (let next = queue.shift(); next; next = queue.shift()) queue.push(...this.#carryOut(next, at));
  }

  state(stream: string): unknown {
    return this.#states.get(stream) ?? this.#decider(stream).initial();
  }

  #decider(stream: string): AnyDecider {
    const decider = this.#deciders.get(categoryOf(stream));
    if (!decider) throw new Error(`no decider for ${stream}`);
    return decider;
  }

  #carryOut(
    { stream, command }: { stream: string; command: Command },
    at: Instant,
  ): readonly CommandMessage[] {
    const decider = this.#decider(stream);
    const before = this.state(stream);
    const events = JSON.parse(JSON.stringify(decider.decide(command, before, at))) as DomainEvent[];
    if (events.length === 0) return [];
    const after: unknown = events.reduce(
      (state: unknown, event) => decider.evolve(state, event) as unknown,
      before,
    );
    this.#states.set(stream, after);
    const envelopes = this.log.append(stream, events);
    return envelopes.flatMap((envelope) =>
      this.#reactions.flatMap((reaction) =>
        reaction.handles.includes(envelope.type) ? reaction.react(envelope) : [],
      ),
    );
  }
}

const FACTS = { platform: 'iOS', osVersion: '18.4', supervised: null } as const;
const ANSWER = { bundleId: null, state: null, rejection: null, errors: [], apps: null, facts: null } as const;

/** Devices enrol, apps are rolled out to them, and one of them leaves. */
function installApps(
  journey: LicensingJourney,
  place: (id: string, holders: Holders, more?: Partial<OrderTerms>) => void,
): void {
  const device = (id: string, command: DeviceCommand): void => journey.send(deviceStream(id), command);
  const apps = (id: string, command: InstallationCommand, at?: Instant): void =>
    journey.send(deviceAppsStream(id), command, at);
  const command = (uuid: string, asked: MdmCommandCommand): void =>
    journey.send(mdmCommandStream(uuid), asked);
  const answer = (id: string, uuid: string, said: Partial<DeviceAnswer>): void =>
    apps(id, { type: 'RecordDeviceAnswer', uuid, answer: { ...ANSWER, status: 'Acknowledged', ...said } });
  const ids = ['C02I', 'C02J', 'C02K'];
  const vpnUuid = '11111111-2222-4333-8444-555555555555';
  const vpn = (command: ProfileCommand): void => journey.send(profileStream('profile-1'), command);
  vpn({ type: 'RegisterProfile', kind: 'VPN', name: 'Office', payload: { fingerprint: 'p1', vpnUuid } });
  vpn({ type: 'NoteUse', uId: LOCATION, adamId: PAGES.adamId, kind: 'VPN' });
  vpn({ type: 'ChangeProfile', name: 'Head office', payload: { fingerprint: 'p2', vpnUuid } });
  const another = { type: 'RegisterProfile', kind: 'SSO', name: 'Realm' } as const;
  journey.send(profileStream('profile-2'), { ...another, payload: { fingerprint: 'p3', vpnUuid: null } });
  journey.send(profileStream('profile-2'), { type: 'DeleteProfile', unused: [] });
  journey.send(profileStream('profile-2'), { type: 'RecordPayloadForgotten' });
  const registered = { platform: 'iOS', ownership: 'organisation', userId: null } as const;
  device('C02I', { type: 'RegisterDevice', facts: registered });
  for (const id of ids) {
    device(id, { type: 'RecordEnrolment', enrolmentId: `E-${id}`, facts: FACTS });
    device(id, { type: 'RecordReady', enrolmentId: `E-${id}`, first: true });
  }
  device('C02I', { type: 'AskFacts', uuid: 'seatbook-facts-1' });
  device('C02I', { type: 'RecordFacts', uuid: 'seatbook-facts-1', facts: { ...FACTS, supervised: true } });
  device('C02I', { type: 'WantFacts' });
  const mandatory = { mandatory: true, automaticUpdates: true };
  const about = { type: 'SetAppSettings', uId: LOCATION, adamId: PAGES.adamId } as const;
  const settings = appSettingsStream(LOCATION, PAGES.adamId);
  journey.send(settings, { ...about, settings: mandatory });
  const outdated = [{ ...PAGES, version: 8, serialNumbers: ['C02I'] }];
  journey.send(settings, { type: 'AskUpdates', outdated });
  place('order-r', devices(...ids), { kind: 'RolloutApp' });
  const plan = (uuid: string, serials: readonly string[], orderId = 'order-r', removal = false): void =>
    command(uuid, {
      type: 'PlanCommand',
      uId: LOCATION,
      asset: PAGES,
      attempt: 1,
      devices: serials.map((serialNumber) => ({ serialNumber, orderId })),
      lots: [],
      removal,
    });
  plan('install-1', ids);
  plan('install-2', ['C02I']);
  command('install-1', {
    type: 'StartSending',
    serialNumbers: ['C02I', 'C02J'],
    enrolmentIds: ['E-C02I', 'E-C02J'],
    unlicensed: ['C02K'],
    unreachable: [],
    settings: { mandatory: false, automaticUpdates: false, preventBackup: false },
  });
  command('install-1', { type: 'RecordSendingFailed', attempt: 1, final: false, reason: 'no answer' });
  command('install-1', { type: 'StartAgain' });
  command('install-1', { type: 'RecordQueued', attempt: 2, refused: ['C02J'] });
  plan('install-3', ['C02J']);
  command('install-3', {
    type: 'StartSending',
    serialNumbers: ['C02J'],
    enrolmentIds: ['E-C02J'],
    unlicensed: [],
    unreachable: [],
    settings: { ...DEFAULT_APP_SETTINGS, vpnProfileId: 'profile-1' },
    vpn: { uuid: vpnUuid, enrolmentIds: ['E-C02J'] },
  });
  command('install-3', { type: 'RecordSendingFailed', attempt: 1, final: true, reason: 'no plist' });
  answer('C02I', 'install-1', { status: 'NotNow' });
  answer('C02I', 'install-1', { bundleId: 'com.example.pages', state: 'Queued' });
  const look = (uuid: string, minutes: number): void =>
    apps('C02I', { type: 'Look', uuid, bundleIds: {} }, NOW + minutes * 60_000);
  look('list-1', 10);
  look('list-2', 30);
  look('list-3', 60);
  apps('C02I', { type: 'RecordListFailure', uuid: 'list-3', reason: 'no answer' });
  look('list-4', 120);
  answer('C02I', 'list-4', { apps: [{ bundleId: 'com.example.pages', status: 'Managed', version: 7 }] });
  // A licence that the device does not find is looked for once more.
  plan('install-4', ['C02K'], 'order-s');
  const errors = [{ code: 12_064, domain: 'MCMDMErrorDomain' }];
  answer('C02K', 'install-4', { status: 'Error', errors });
  device('C02I', { type: 'LeaveDevice', how: 'retired' });
  device('C02I', { type: 'AskReturns', returns: [{ uId: LOCATION, assets: [PAGES] }] });
  // What its apps ask for is composed into one profile.
  journey.send(settings, { ...about, settings: { ...mandatory, dataRoaming: false } });
  journey.send(settings, { type: 'TellDevices', serialNumbers: ['C02K'] });
  const rule = { bundleIds: ['com.example.pages'], cellularData: true, dataRoaming: false };
  const compose = (uuid: string, rules: readonly UsageRule[], at?: Instant): void =>
    apps('C02K', { type: 'ComposeProfile', uuid, profile: { rules }, unnamed: false }, at);
  compose('profile-11', [rule]);
  answer('C02K', 'profile-11', { status: 'NotNow' });
  apps('C02K', { type: 'DoubtProfile' });
  compose('profile-12', [{ ...rule, cellularData: false }]);
  answer('C02K', 'profile-12', {});
  answer('C02K', 'profile-11', {});
  compose('profile-13', [rule]);
  answer('C02K', 'profile-13', {
    status: 'Error',
    errors: [{ code: 4_001, domain: 'MCInstallationErrorDomain' }],
  });
  compose('profile-14', [rule]);
  apps('C02K', { type: 'DoubtProfile' });
  compose('profile-15', [rule]);
  apps('C02K', { type: 'RecordReenrolment', uuid: 'list-5' });
  journey.send(settings, { ...about, settings: { ...mandatory, vpnProfileId: 'profile-1' } });
  vpn({ type: 'ChangeProfile', name: 'Head office', payload: { fingerprint: 'p4', vpnUuid } });
  journey.send(settings, { type: 'TellDevices', serialNumbers: ['C02K'] });
  // Another one is told to remove the app.
  plan('install-5', ['C02L'], 'order-s');
  answer('C02L', 'install-5', { bundleId: 'com.example.pages', state: 'Queued' });
  plan('remove-1', ['C02L'], 'order-x', true);
  answer('C02L', 'remove-1', {});
  apps('C02L', { type: 'RecordUnsent', uuid: 'remove-1', reason: 'not-queued' });
}

/** An app is wanted for a person, on a device that comes to this person and goes to somebody else. */
function onDevicesOfPersons(journey: LicensingJourney): void {
  const person = (command: PersonAppsCommand): void => journey.send(personAppsStream('p-6'), command);
  const owner = (userId: string): void =>
    journey.send(deviceStream('C02M'), {
      type: 'RegisterDevice',
      facts: { platform: 'iOS', ownership: 'personal', userId },
    });
  const found = { uId: LOCATION, ...PAGES, licence: 'held', accepted: true, devices: [] } as const;
  person({ type: 'WantApp', uId: LOCATION, asset: PAGES, orderId: 'order-p' });
  person({ type: 'RecordLook', found: [{ ...found, accepted: false }] });
  owner('p-6');
  journey.send(deviceStream('C02M'), {
    type: 'RecordEnrolment',
    enrolmentId: 'E-C02M',
    facts: FACTS,
  });
  journey.send(deviceStream('C02M'), { type: 'RecordReady', enrolmentId: 'E-C02M', first: true });
  person({ type: 'RecordLook', found: [{ ...found, devices: ['C02M'] }] });
  const devices = [{ serialNumber: 'C02M', orderId: 'order-p', userId: 'p-6' }];
  journey.send(mdmCommandStream('install-6'), {
    type: 'PlanCommand',
    uId: LOCATION,
    asset: PAGES,
    attempt: 1,
    devices,
    lots: ['personApps-p-6#3/0'],
  });
  owner('p-7');
  person({ type: 'RecordLook', found: [found] });
  person({ type: 'DoubtApps', of: { uId: LOCATION, ...PAGES } });
  person({ type: 'RemoveApp', uId: LOCATION, asset: PAGES, orderId: 'order-q' });
  person({ type: 'RecordLook', found: [{ ...found, licence: 'gone' }] });
}

/** A group is ordered for, joined and left. */
function inGroups(journey: LicensingJourney): void {
  const group = (command: GroupCommand): void => journey.send(groupStream('group-1'), command);
  const wish = { ifShort: 'wait', fromReserve: false, platform: null } as const;
  const admit = (orderId: string): void =>
    group({
      type: 'AdmitOrder',
      orderId,
      kind: 'AssignLicense',
      terms: { uId: LOCATION, assets: [PAGES], ...wish },
    });
  group({ type: 'CreateGroup', name: 'Class 7b', kind: 'devices', follows: false });
  group({ type: 'RenameGroup', name: 'Class 8b' });
  group({ type: 'SetGroupPolicy', follows: true });
  admit('group-order-1');
  group({ type: 'AnswerOrder', orderId: 'group-order-1' });
  admit('group-order-2');
  group({ type: 'WithdrawOrder', orderId: 'group-order-2' });
  const member = devices('C02G');
  group({ type: 'AddMembers', holders: member });
  group({ type: 'ServeJoiners', groupId: 'group-1', install: [] });
  group({ type: 'RemoveMembers', holders: member });
  const returns = [{ uId: LOCATION, asset: PAGES, holders: member }];
  group({ type: 'ServeLeavers', groupId: 'group-1', leavers: member, returns });
  group({ type: 'DeleteGroup' });
  const another = groupStream('group-2');
  journey.send(another, { type: 'CreateGroup', name: 'Class 8a', kind: 'devices', follows: false });
  journey.send(another, { type: 'AddMembers', holders: member });
}

/** A log in which every type of event of the domain occurs, as one location might write it. */
export function everyEvent(): LicensingJourney {
  const journey = new LicensingJourney();
  const importing = (id: string, ...commands: readonly ImportCommand[]): void => {
    for (const command of commands) journey.send(importStream(id), command);
  };
  const account = (command: AccountCommand): void => journey.send(accountStream(LOCATION), command);
  const reconciliation = (command: ReconciliationCommand): void =>
    journey.send(reconciliationStream(LOCATION), command);
  const order = (id: string, command: OrderCommand): void => journey.send(orderStream(id), command);
  const call = (id: string, command: CallCommand): void => journey.send(callStream(id), command);
  const appleEvent = (id: string, command: AppleEventCommand): void =>
    journey.send(appleEventStream(id), command);
  const place = (id: string, holders: Holders, more: Partial<OrderTerms> = {}): void => {
    const count = holders.serialNumbers.length + holders.userIds.length;
    order(id, { type: 'PlaceOrder', terms: terms({ holders: count, ...more }), holders });
  };
  const plan = (id: string, holders: Holders, action: 'associate' | 'disassociate' = 'associate'): void =>
    call(id, { type: 'PlanCall', uId: LOCATION, action, assets: [PAGES], ...holders });
  const start = (id: string): void => call(id, { type: 'StartAttempt', fingerprint: 'f1', subscribed: true });
  const accept = (id: string, attempt = 1): void =>
    call(id, { type: 'RecordAccepted', attempt, appleEventId: `${id}-event-${attempt}` });
  const sent = (id: string, holders: Holders, action: 'associate' | 'disassociate' = 'associate'): void => {
    plan(id, holders, action);
    start(id);
    accept(id);
  };
  const notify = (id: string, holders: Holders, errorNumber: number | null = null): void =>
    appleEvent(`${id}-event-1`, {
      type: 'RecordNotification',
      uId: LOCATION,
      notificationId: `${id}-${holders.serialNumbers.join('-')}`,
      notificationType: 'ASSET_MANAGEMENT',
      operation: 'ASSOCIATE',
      result: errorNumber === null ? 'SUCCESS' : 'FAILURE',
      pairs: [{ ...PAGES, ...holders }],
      associated: [],
      errorNumber,
      reason: '',
    });
  const transient = {
    kind: 'transient',
    errorNumber: 9_603,
    doubtful: false,
    retryAfterMs: null,
    reason: 'internal error',
  } as const;
  const expired = { kind: 'token', state: 'expired', errorNumber: 9_621 } as const;
  const totalsRead = { type: 'CompleteTotals', versionId: 'v1', startedAt: NOW, readAt: NOW } as const;
  const totals = (total: number): void => {
    reconciliation({
      type: 'RecordAssets',
      assets: [appleAsset({ total, available: total, assigned: 1 })],
      startedAt: NOW,
      readAt: NOW,
    });
    reconciliation({ ...totalsRead, assets: 1, comparison: null });
  };

  // A location is imported, with trouble on the way.
  const url = `https://seatbook.example.com/apple/notifications/${LOCATION}`;
  const mdmInfo = { id: 'f0c1c1a4', name: 'Other MDM', metadata: '' };
  const settings = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;
  const token = (fingerprint: string) => ({ fingerprint, expiresAt: NOW + 31_536_000_000 });
  const berlin: ImportCommand & { type: 'RecordLocation' } = {
    type: 'RecordLocation',
    location: {
      kind: 'import',
      uId: LOCATION,
      ...token('f1'),
      settings,
      facts: {
        orgName: 'Example Inc.',
        locationName: 'Berlin Office',
        countryCode: 'DE',
        defaultPlatform: 'enterprisestore',
        websiteUrl: null,
      },
      takenOverFrom: null,
      notificationUrl: url,
    },
  };
  const wish = { orgName: 'Example Inc.', ...token('f1') };
  const request: ImportCommand = {
    type: 'RequestImport',
    request: { kind: 'import', ...wish, settings, takeOver: false },
  };
  const renewal = (fingerprint: string): readonly ImportCommand[] => [
    { type: 'RequestImport', request: { kind: 'renew', ...wish, fingerprint, uId: LOCATION } },
    {
      type: 'RecordLocation',
      location: { kind: 'renew', uId: LOCATION, foreign: null, ...token(fingerprint) },
    },
    { type: 'RecordForgotten' },
  ];
  importing('import-1', request, berlin, { type: 'RecordForgotten' });
  importing('import-2', request, berlin, { type: 'RecordForgotten' });
  importing('import-3', ...renewal('f1'));
  account({ type: 'RecordOwningFailure', failure: transient, fingerprint: 'f1' });
  account({ type: 'RecordOwned', mdmId: 'seatbook' });
  account({ type: 'RecordSubscriptionFailure', failure: transient, fingerprint: 'f1' });
  account({ type: 'RecordSubscribed', notificationUrl: url });
  account({ type: 'RecordAddress', notificationUrl: url });
  account({ type: 'RecordAddressFailure', failure: transient, fingerprint: 'f1' });
  account({ type: 'RecordAddress', notificationUrl: null });
  account({ type: 'RecordSubscribed', notificationUrl: url });

  // Somebody is registered, and forgotten.
  for (const type of ['RegisterPerson', 'ChangeDetails', 'ForgetPerson'] as const)
    journey.send(personStream('person-1'), { type });

  // What Apple holds is read.
  reconciliation({ type: 'RecordReadFailure', step: 'read-totals', failure: transient, fingerprint: 'f1' });
  reconciliation({
    type: 'RecordAssets',
    assets: [
      appleAsset({ total: 4, assigned: 1, available: 3 }),
      appleAsset({ ...KEYNOTE, total: 1, available: 1 }),
    ],
    startedAt: NOW,
    readAt: NOW,
  });
  reconciliation({ ...totalsRead, assets: 2, comparison: null });
  reconciliation({ type: 'RecordMetadataFailure', failure: transient, fingerprint: 'f1' });
  const metadata = {
    adamId: PAGES.adamId,
    name: 'Pages',
    bundleId: 'com.apple.Pages',
    iconUrl: 'https://is1-ssl.mzstatic.com/pages.png',
    artistName: 'Apple',
    deviceFamilies: ['iphone', 'ipad'],
    kind: 'iosSoftware',
    version: 7,
  };
  reconciliation({ type: 'RecordMetadata', found: [metadata], missing: [KEYNOTE.adamId] });
  reconciliation({ type: 'RecordAssignments', asset: PAGES, holders: devices('C02ADOPTED01') });
  const walked = {
    type: 'CompleteWalk',
    asset: PAGES,
    versionId: 'v1',
    walks: 1,
    leftOut: 0,
    startedAt: NOW,
  } as const;
  reconciliation({ ...walked, count: 1, unstable: false, added: 0, taken: 0 });
  reconciliation({ type: 'RecordUsers', count: 0, comparison: { differing: [], deltaFrom: 'v1' } });

  // Licences are given; three are free and four are wanted.
  place('order-a', devices('C02A', 'C02B', 'C02C', 'C02D'));
  sent('call-1', devices('C02A', 'C02B'));
  notify('call-1', devices('C02A'));
  notify('call-1', devices('C02B'), 9_615);
  plan('call-2', devices('C02C', 'C02Z'));
  start('call-2');
  const unheard = { ...transient, doubtful: true };
  call('call-2', { type: 'RecordFailure', attempt: 1, fingerprint: 'f1', failure: unheard, jitter: 0 });
  call('call-2', { type: 'LookFirst' });
  call('call-2', { type: 'RecordVerified', present: [], readAt: NOW });
  start('call-2');
  accept('call-2', 2);
  plan('call-3', devices('C02Z'));

  // Apple says short; returns and wishes cross.
  place('order-b', devices('C02C'), { kind: 'ReturnLicense' });
  appleEvent('call-2-event-2', { type: 'RecordPollFailure', failure: transient, fingerprint: 'f1' });
  appleEvent('call-2-event-2', {
    type: 'RecordPoll',
    status: { status: 'COMPLETE', requested: 1, completed: 0, failures: [] },
    failures: [{ errorNumber: 9_709, reason: '', assets: [PAGES], holders: devices('C02C') }],
  });
  call('call-2', { type: 'RecordVerificationFailure', failure: transient, fingerprint: 'f1' });
  call('call-2', { type: 'RecordVerified', present: [], readAt: NOW });
  call('call-2', { type: 'RecordVerified', present: [{ ...PAGES, ...devices('C02C') }], readAt: NOW });
  place('order-c', devices('C02A'), { kind: 'ReturnLicense' });
  place('order-d', devices('C02A'));
  sent('call-4', devices('C02A', 'C02C'), 'disassociate');
  appleEvent('call-4-event-1', {
    type: 'RecordPoll',
    status: { status: 'COMPLETE', requested: 2, completed: 2, failures: [] },
    failures: [],
  });
  place('order-e', devices('C02E', 'C02F'));
  sent('call-5', devices('C02E'));
  notify('call-5', devices('C02E'), 9_709);
  totals(5);
  totals(2);
  place('order-f', devices('C02G', 'C02H'), { ifShort: 'refuse' });
  order('order-e', { type: 'CancelWaiting' });
  totals(9);
  reconciliation({
    type: 'RecordAssets',
    assets: [appleAsset({ total: 9, available: 6, revocable: false })],
    startedAt: NOW,
    readAt: NOW,
  });
  reconciliation({
    type: 'RecordAssets',
    assets: [appleAsset({ total: 9, available: 6 })],
    startedAt: NOW,
    readAt: NOW,
  });

  // Licences are kept back for an order that names the reserve.
  journey.send(assetStream(LOCATION, KEYNOTE), { type: 'SetReserve', licences: 1 });
  place('order-p', devices('C02W', 'C02X'), { assets: [KEYNOTE] });
  journey.send(assetStream(LOCATION, KEYNOTE), {
    type: 'MoveWaiting',
    orderId: null,
    holders: devices('C02X'),
    to: 'front',
  });
  order('order-p', { type: 'CancelWaiting' });
  place('order-q', devices('C02X'), { assets: [KEYNOTE], fromReserve: true });
  journey.send(assetStream(LOCATION, KEYNOTE), { type: 'SetReserve', licences: 0 });

  // A call that Apple refuses whole, one that stalls, one that fails with a return remembered.
  place('order-g', devices('C02K', 'C02L'));
  plan('call-6', devices('C02K', 'C02L'));
  start('call-6');
  place('order-h', devices('C02K'), { kind: 'ReturnLicense' });
  call('call-6', {
    type: 'RecordFailure',
    attempt: 1,
    fingerprint: 'f1',
    failure: {
      kind: 'refused',
      errorNumber: 9_610,
      reason: 'bad',
      assets: [],
      serialNumbers: [],
      clientUserIds: [],
    },
    jitter: 0,
  });
  sent('call-7', devices('C02L'));
  appleEvent('call-7-event-1', {
    type: 'RecordPollFailure',
    failure: {
      kind: 'refused',
      errorNumber: 9_708,
      reason: 'unknown',
      assets: [],
      serialNumbers: [],
      clientUserIds: [],
    },
    fingerprint: 'f1',
  });

  // A long order that is placed, and one that is not.
  const long = terms({ holders: 1_001 });
  order('order-i', { type: 'CreateOrder', terms: long });
  order('order-i', { type: 'ListHolders', index: 0, holders: manyDevices(2) });
  order('order-i', { type: 'AbandonOrder' });
  order('order-j', { type: 'CreateOrder', terms: terms() });
  order('order-j', { type: 'ListHolders', index: 0, holders: devices('C02M') });
  order('order-j', { type: 'PlaceOrder', terms: terms(), holders: devices('C02N') });

  // Notifications without an event of Apple's.
  const received = (id: string, event: NotificationCommand['event']): void =>
    journey.send(notificationStream(id), { type: 'ReceiveNotification', event });
  received('n1', {
    type: 'notification.asset-count-received',
    data: { uId: LOCATION, ...PAGES, countDelta: 5 },
  });
  received('n2', { type: 'notification.test-received', data: { uId: LOCATION } });
  received('n3', {
    type: 'notification.users-associated-received',
    data: { uId: LOCATION, userIds: ['0b9d1f53-64a5-8b7c-9a3e-5d2f6c1e7a80'] },
  });
  received('n4', {
    type: 'notification.unknown-received',
    data: { uId: LOCATION, notificationType: 'NEWS', sealedBody: 'body n4' },
  });

  // The token expires, another one comes; another MDM takes the location and gives it back.
  sent('call-8', devices('C02Y'));
  start('call-7');
  call('call-7', { type: 'RecordFailure', attempt: 2, fingerprint: 'f1', failure: expired, jitter: 0 });
  reconciliation({ type: 'RecordReadFailure', step: 'read-totals', failure: expired, fingerprint: 'f1' });
  importing('import-4', ...renewal('f2'));
  start('call-7');
  accept('call-7', 3);
  appleEvent('call-7-event-3', {
    type: 'RecordPollFailure',
    failure: { kind: 'conflict', mdmInfo },
    fingerprint: 'f2',
  });
  account({ type: 'RenameAccount', name: 'Berlin-Mitte' });
  account({ type: 'SetAssignmentType', assignmentType: 'user' });
  account({ type: 'TakeOver' });
  account({ type: 'RecordOwned', mdmId: 'seatbook' });
  account({ type: 'WantNotifications', notificationUrl: `${url}?again` });
  const refused = {
    type: 'RecordWriteRefused',
    refusal: 'nameless',
    errorNumber: 9_602,
    reason: 'bad',
  } as const;
  for (let refusal = 1; refusal <= 10; refusal += 1) account({ ...refused, callId: `call-${refusal}` });
  journey.send(accountStream(LOCATION), { type: 'StartProbe' }, NOW + 3_600_000);
  account({ type: 'RecordWriteAccepted' });
  const { expiresAt } = token('f2');
  journey.send(
    accountStream(LOCATION),
    { type: 'RemindOfExpiry', fingerprint: 'f2' },
    expiresAt - 86_400_000,
  );
  journey.send(accountStream(LOCATION), { type: 'ExpireToken', fingerprint: 'f2' }, expiresAt);
  journey.send(accountStream(LOCATION), { type: 'ReviseExpiry', fingerprint: 'f2' }, NOW + 3_600_000);
  importing('import-5', ...renewal('f3'));

  // A device waits that Apple lists already, with its serial number spelled differently.
  place('order-k', devices('C02P', 'C02Q'), { assets: [KEYNOTE] });
  reconciliation({ type: 'RecordAssignments', asset: KEYNOTE, holders: devices('c02q') });

  // Another tool took back what was adopted while it was read.
  reconciliation({ type: 'RecordMissing', asset: PAGES, holders: devices('C02ADOPTED01') });

  // Another tool has taken licences; who waits for one makes the product ask how many it has.
  reconciliation({
    type: 'RecordAssets',
    assets: [appleAsset({ total: 50, available: 0 })],
    startedAt: NOW,
    readAt: NOW,
  });
  place('order-n', devices('C02S'));
  const keynote = appleAsset({ ...KEYNOTE, total: 30, assigned: 20, available: 10 });
  reconciliation({ type: 'RecordAssets', assets: [keynote], startedAt: NOW, readAt: NOW });

  // Others change pairs, and somebody wants to know; what they took is put back when a person says so.
  const differing = [{ asset: PAGES, by: 'counts', quietSince: NOW }] as const;
  const foreign = { kind: 'added', ...devices('C02T'), from: NOW - 1_000, to: NOW } as const;
  reconciliation({ type: 'SetDriftPolicies', policies: { added: 'ask' } });
  notify('foreign', devices('C02T'));
  appleEvent('foreign-event-1', { type: 'FindForeign' });
  reconciliation({ type: 'RequestSync', syncId: 'sync-1', full: false });
  const later = { startedAt: NOW + 10_000, readAt: NOW + 10_000, comparison: { differing, deltaFrom: 'v3' } };
  reconciliation({ ...totalsRead, ...later, assets: 1 });
  const cause = { source: 'another-tool', evidence: 'foreign-event', reference: 'foreign-event-1' } as const;
  reconciliation({ type: 'SeeDrift', asset: PAGES, seen: { ...foreign, ...cause } });
  const silent = { source: 'console', evidence: 'not-announced', reference: null } as const;
  const taken = { ...foreign, ...silent, kind: 'taken', ...devices('C02T') } as const;
  reconciliation({ type: 'SeeDrift', asset: PAGES, seen: taken });
  reconciliation({ ...walked, count: 2, unstable: false, added: 1, taken: 1 });
  journey.send(assetStream(LOCATION, PAGES), {
    type: 'DecideDrift',
    holders: devices('C02T'),
    decision: 'restore',
  });

  // Another location, which turns out not to own what was ordered before its list was read.
  const hamburg = '7700000000000002';
  const reading = (command: ReconciliationCommand): void =>
    journey.send(reconciliationStream(hamburg), command);
  reading({ type: 'StartFirstRead', uId: hamburg });
  place('order-l', devices('C02R'), { uId: hamburg, assets: [KEYNOTE] });
  reading({ ...totalsRead, assets: 0, comparison: null });

  // The location is given up and taken back; another one is removed with work under way.
  place('order-o', devices('C02U', 'C02V'));
  sent('call-9', devices('C02U'));
  account({ type: 'GiveUpLocation', licences: 'return' });
  account({ type: 'AskReturn', asset: PAGES, holders: devices('C02U') });
  account({ type: 'EndWork', ledgers: [PAGES], callIds: [], left: 1 });
  place('order-p', devices('C02W'));
  account({ type: 'RecordWorkEnded', kept: 1 });
  account({ type: 'RecordReleaseFailure', failure: transient, fingerprint: 'f3' });
  account({ type: 'RecordReleased', mdmInfo: null });
  account({ type: 'TakeOver' });
  account({ type: 'RecordOwned', mdmId: 'seatbook' });
  account({ type: 'OpenLedgers', ledgers: [PAGES] });
  const lyon = '7700000000000003';
  const removing = (command: AccountCommand): void => journey.send(accountStream(lyon), command);
  importing('import-6', request, { ...berlin, location: { ...berlin.location, uId: lyon } });
  removing({ type: 'ReportConflict', mdmInfo });
  removing({ type: 'RemoveAccount' });
  removing({ type: 'EndWork', ledgers: [PAGES], callIds: ['call-9'], left: 1 });
  removing({ type: 'RecordWorkEnded', kept: 0 });

  installApps(journey, place);

  // An Idempotency-Key that was used for what is no order.
  journey.send(orderStream('order-m'), { type: 'TakeKey', by: 'RenameAccount' });
  // Persons are activated, and leave.
  const activation = (command: ActivationCommand): void => journey.send(activationStream(LOCATION), command);
  const persons = (...userIds: string[]): Holders => ({ serialNumbers: [], userIds });
  const ofPersons = (id: string, action: 'create' | 'update' | 'retire', ...userIds: string[]): void => {
    call(id, { type: 'PlanCall', uId: LOCATION, action, assets: [ACTIVATION], ...persons(...userIds) });
    start(id);
    accept(id);
  };
  const settled = (id: string, ...failures: { errorNumber: number; userIds: string[] }[]): void =>
    appleEvent(`${id}-event-1`, {
      type: 'RecordPoll',
      status: { status: 'COMPLETE', requested: 1, completed: 1, failures: [] },
      failures: failures.map(({ errorNumber, userIds }) => ({
        errorNumber,
        reason: '',
        assets: [],
        holders: persons(...userIds),
      })),
    });
  activation({ type: 'ActivatePersons', uId: LOCATION, userIds: ['p-1', 'p-2', 'p-3', 'p-4'] });
  activation({ type: 'DeactivatePersons', uId: LOCATION, userIds: ['p-4'], adopted: [] });
  ofPersons('persons-1', 'create', 'p-1', 'p-2', 'p-3');
  settled('persons-1', { errorNumber: 9_635, userIds: ['p-2'] }, { errorNumber: 9_603, userIds: ['p-3'] });
  activation({ type: 'RecordReadFailure', failure: transient });
  activation({ type: 'RecordAssociated', userIds: ['p-1'] });
  activation({ type: 'RecordRead', readAt: NOW, deltaFrom: 'v1', nextLot: null });
  activation({ type: 'DeactivatePersons', uId: LOCATION, userIds: ['p-1'], adopted: [] });
  activation({ type: 'AskReturn', asset: PAGES, userIds: ['p-1'] });
  activation({ type: 'RecordReturns', awaited: ['p-1'], free: [] });
  activation({ type: 'RecordReturns', awaited: [], free: ['p-1'] });
  ofPersons('persons-2', 'retire', 'p-1');
  settled('persons-2');
  activation({ type: 'ActivatePersons', uId: LOCATION, userIds: ['p-5'] });
  ofPersons('persons-3', 'create', 'p-5');
  settled('persons-3');
  const changed: ActivationCommand = { type: 'UpdatePersons', userIds: ['p-5'] };
  activation(changed);
  ofPersons('persons-4', 'update', 'p-5');
  activation(changed);
  settled('persons-4');
  activation({ type: 'FindRetired', userIds: ['p-5'], nextLot: 7 });

  inGroups(journey);
  onDevicesOfPersons(journey);
  // One that Apple's list has no more of.
  reconciliation({ type: 'RecordMetadata', found: [metadata], missing: ['361309727'] });
  return journey;
}
