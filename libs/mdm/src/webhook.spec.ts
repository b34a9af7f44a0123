import { createHmac } from 'node:crypto';
import { isRefusal, type Refusal } from '@seatbook/kernel';
import { plistOf, type PlistValue } from './plist.js';
import { decodeWebhook, isSigned } from './webhook.js';

const ID = 'A1B2C3D4-0000-4000-8000-000000000001';

const webhook = (topic: string, event: object, payload: PlistValue = {}): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      topic,
      event_id: 'a1b2c3d4e5f60718',
      created_at: '2026-08-20T09:30:00.123456789Z',
      [topic === 'mdm.Connect' ? 'acknowledge_event' : 'checkin_event']: {
        ids: { id: ID, type: 'Device' },
        udid: ID,
        raw_payload: Buffer.from(plistOf(payload)).toString('base64'),
        ...event,
      },
    }),
  );

const answer = (status: string, payload: PlistValue = {}) =>
  decodeWebhook(webhook('mdm.Connect', { status, command_uuid: 'install-1' }, payload));

function refusalOf(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const SILENT = {
  bundleId: null,
  state: null,
  rejection: null,
  errors: [],
  apps: null,
  facts: null,
};

describe('webhooks of NanoMDM', () => {
  it('a device enrols; its name is apart from its facts', () => {
    const payload = {
      UDID: ID,
      SerialNumber: 'C02XK1ABCD01',
      ProductName: 'iPhone15,2',
      OSVersion: '18.4',
      DeviceName: 'Phone of Nemo',
    };
    expect(decodeWebhook(webhook('mdm.Authenticate', {}, payload))).toEqual({
      kind: 'authenticate',
      enrolmentId: ID,
      serialNumber: 'C02XK1ABCD01',
      facts: { platform: 'iOS', osVersion: '18.4', supervised: null },
      deviceName: 'Phone of Nemo',
    });
  });

  it('an enrolment hides the serial number', () => {
    const event = { ids: { id: 'E1', type: 'User Enrollment (Device)' }, udid: undefined };
    expect(decodeWebhook(webhook('mdm.Authenticate', event, { EnrollmentID: 'E1' }))).toMatchObject({
      enrolmentId: 'E1',
      serialNumber: null,
    });
  });

  it('secrets of a device stay behind', () => {
    const secrets = { UnlockToken: Buffer.from('unlock-canary'), Token: Buffer.from('push-canary') };
    const payload = {
      ...secrets,
      PushMagic: 'magic-canary',
      BootstrapToken: 'boot-canary',
      AwaitingConfiguration: false,
    };
    const message = decodeWebhook(webhook('mdm.TokenUpdate', { token_update_tally: 1 }, payload));
    expect(message).toEqual({ kind: 'token-update', enrolmentId: ID, tally: 1 });
    for (const topic of ['mdm.SetBootstrapToken', 'mdm.GetBootstrapToken', 'mdm.GetToken', 'mdm.Later'])
      expect(decodeWebhook(webhook(topic, {}, payload))).toEqual({ kind: 'nothing' });
  });

  it('a device checks out, with ids only', () => {
    const event = { raw_payload: undefined };
    expect(decodeWebhook(webhook('mdm.CheckOut', event))).toEqual({ kind: 'check-out', enrolmentId: ID });
  });

  it.each(['User', 'User Enrollment', 'Shared iPad'])('a channel of a user (%s) is none of ours', (type) => {
    const event = { ids: { id: ID, type, parent_id: 'P' }, status: 'Acknowledged', command_uuid: 'c' };
    expect(decodeWebhook(webhook('mdm.Connect', event))).toEqual({ kind: 'nothing' });
  });

  it('a device without a command says nothing', () => {
    const idle = webhook('mdm.Connect', { status: 'Idle' }, { Status: 'Idle', UDID: ID });
    expect(decodeWebhook(idle)).toEqual({ kind: 'nothing' });
  });

  it('an installation is accepted, or put off', () => {
    const accepted = answer('Acknowledged', { Identifier: 'com.example.notes', State: 'Queued' });
    expect(accepted).toEqual({
      kind: 'answer',
      enrolmentId: ID,
      commandUuid: 'install-1',
      answer: { ...SILENT, status: 'Acknowledged', bundleId: 'com.example.notes', state: 'Queued' },
      deviceName: null,
    });
    expect(answer('NotNow')).toMatchObject({ answer: { ...SILENT, status: 'NotNow' } });
  });

  it('an installation is refused: codes and domains, no text of the device', () => {
    const chain: PlistValue = [
      { ErrorCode: 12064, ErrorDomain: 'MDMErrorDomain', LocalizedDescription: 'Nemo has no licence' },
      { ErrorCode: 2605, ErrorDomain: 'ASDServerErrorDomain' },
      { ErrorDomain: 'WithoutACode' },
    ];
    const refused = answer('Error', { RejectionReason: 'CouldNotVerifyAppID', ErrorChain: chain });
    expect(refused).toMatchObject({
      answer: {
        status: 'Error',
        rejection: 'CouldNotVerifyAppID',
        errors: [
          { code: 12064, domain: 'MDMErrorDomain' },
          { code: 2605, domain: 'ASDServerErrorDomain' },
        ],
      },
    });
    expect(JSON.stringify(refused)).not.toContain('Nemo');
  });

  it('a list of managed apps is a dictionary by bundle id', () => {
    const list = {
      'com.example.notes': { Status: 'Managed', ExternalVersionIdentifier: 865_432 },
      'com.example.odd': { ManagementFlags: 1 },
      'com.example.asked': { Status: 'Prompting' },
    };
    expect(answer('Acknowledged', { ManagedApplicationList: list })).toMatchObject({
      answer: {
        apps: [
          { bundleId: 'com.example.notes', status: 'Managed', version: 865_432 },
          { bundleId: 'com.example.asked', status: 'Prompting', version: null },
        ],
      },
    });
  });

  it('a device tells what it is', () => {
    const responses = {
      ProductName: 'Mac14,2',
      OSVersion: '15.1',
      IsSupervised: true,
      DeviceName: 'Mac of Nemo',
    };
    expect(answer('Acknowledged', { QueryResponses: responses })).toMatchObject({
      answer: { facts: { platform: 'macOS', osVersion: '15.1', supervised: true } },
      deviceName: 'Mac of Nemo',
    });
  });

  it.each([
    ['no JSON', Buffer.from('canary<')],
    ['a list', Buffer.from('["canary"]')],
    ['no topic', Buffer.from('{"canary":1}')],
    ['no event', Buffer.from('{"topic":"mdm.Connect"}')],
    ['an id that is a path', webhook('mdm.CheckOut', { ids: { id: '../canary', type: 'Device' } })],
    ['no payload', webhook('mdm.Authenticate', { raw_payload: undefined })],
    ['a payload that is no list', webhook('mdm.Authenticate', { raw_payload: 'canary' })],
    ['an unknown status', webhook('mdm.Connect', { status: 'canary', command_uuid: 'c' })],
    ['an endless id', webhook('mdm.Connect', { status: 'NotNow', command_uuid: 'c'.repeat(128) })],
  ])('%s is refused, and not quoted', (_name, body) => {
    const refusal = refusalOf(() => decodeWebhook(body));
    expect(refusal).toMatchObject({ code: 'INVALID_MDM_MESSAGE', facts: {} });
    expect(refusal.message).not.toContain('canary');
  });

  it('the signature is that of the bytes', () => {
    const body = webhook('mdm.CheckOut', {});
    const signature = createHmac('sha256', 'key').update(body).digest('base64');
    expect(isSigned(body, signature, 'key')).toBe(true);
    expect(isSigned(body, signature, 'other')).toBe(false);
    expect(isSigned(Buffer.concat([body, Buffer.from(' ')]), signature, 'key')).toBe(false);
    for (const wrong of ['', 'AAAA', signature.slice(4), `AAAA${signature}`])
      expect(isSigned(body, wrong, 'key')).toBe(false);
  });
});
