import { createHmac } from 'node:crypto';
import { seededRandom } from '../seeded-random.js';
import { createSimulator } from '../simulator.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { OutgoingNotification } from '../transport.js';
import { fromPlist, toPlist, type PlistDict } from './plist.js';
import type { NewDevice } from './device-fleet.js';
import type { VirtualDevice } from './virtual-device.js';

const NOTES = 'com.example.notes';

/** A simulator with one app, of which `SERIAL` devices have licences, and a client of the MDM server. */
class MdmRig {
  readonly clock = new VirtualClock();
  readonly webhooks: { topic: string; event: Record<string, unknown>; payload: PlistDict | null }[] = [];
  readonly simulator = createSimulator({
    clock: this.clock,
    random: seededRandom(7),
    baseUrl: 'https://apple.test',
    deliver: async (sent) => this.#hear(sent),
  });
  readonly fleet = this.simulator.fleet;

  constructor() {
    const { uId } = this.simulator.admin.createLocation({ name: 'Berlin' });
    this.simulator.admin.addAssets(uId, [{ adamId: '900000001', bundleId: NOTES, total: 9 }]);
    this.simulator.admin.seedAssignments(uId, { adamId: '900000001', serialNumbers: ['S1', 'S2'] });
    Object.assign(this.fleet.mdm.settings, {
      webhookUrl: 'https://seatbook.test/mdm/webhook',
      webhookKey: 'k',
    });
  }

  #hear({ headers, body }: OutgoingNotification): { status: number } {
    const signature = createHmac('sha256', 'k').update(body).digest('base64');
    if (headers['x-hmac-signature'] !== signature) throw new Error('not signed');
    const { topic, ...members } = JSON.parse(body) as { topic: string } & Record<string, unknown>;
    const event = (members['acknowledge_event'] ?? members['checkin_event']) as Record<string, unknown>;
    const raw = event['raw_payload'];
    const payload = typeof raw === 'string' ? fromPlist(Buffer.from(raw, 'base64').toString()) : null;
    this.webhooks.push({ topic, event, payload });
    return { status: 200 };
  }

  async enrolled(device: NewDevice): Promise<VirtualDevice> {
    const [added] = this.fleet.add([device]);
    if (!added) throw new Error('no device');
    await added.enrol();
    await this.clock.advance(0);
    this.webhooks.length = 0;
    return added;
  }

  async api(
    path: string,
    body = '',
    key = 'nanomdm',
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const authorization = `Basic ${Buffer.from(`nanomdm:${key}`).toString('base64')}`;
    const { status, body: text } = await this.simulator.handle({
      method: 'PUT',
      path: `/nanomdm/v1/${path}`,
      headers: { authorization },
      body,
    });
    await this.clock.advance(0);
    return { status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text } };
  }

  install(device: VirtualDevice, uuid: string, more: PlistDict = {}): ReturnType<MdmRig['api']> {
    const Options = { PurchaseMethod: 1 };
    return this.command(device, uuid, {
      RequestType: 'InstallApplication',
      iTunesStoreID: 900000001,
      Options,
      ...more,
    });
  }

  command(device: VirtualDevice, uuid: string, Command: PlistDict): ReturnType<MdmRig['api']> {
    return this.api(`enqueue/${device.facts.udid}`, toPlist({ CommandUUID: uuid, Command }));
  }

  /** What the device says of its apps. */
  async list(device: VirtualDevice, uuid: string): Promise<unknown> {
    await this.command(device, uuid, { RequestType: 'ManagedApplicationList', Identifiers: [NOTES] });
    return this.answers(uuid).at(-1)?.['ManagedApplicationList'];
  }

  answers(uuid: string): PlistDict[] {
    return this.webhooks.flatMap(({ event, payload }) =>
      event['command_uuid'] === uuid && payload ? [payload] : [],
    );
  }
}

describe('devices and their MDM server', () => {
  let rig: MdmRig;
  beforeEach(() => {
    rig = new MdmRig();
  });

  it('a device enrols, gets a command, answers, and has the app in the end', async () => {
    const [device] = rig.fleet.add([{ serialNumber: 'S1', udid: 'U1' }]);
    await device?.enrol();
    await rig.clock.advance(0);
    expect(
      rig.webhooks.map(({ topic, event }) => [topic, event['token_update_tally'], event['status']]),
    ).toEqual([
      ['mdm.Authenticate', undefined, undefined],
      ['mdm.TokenUpdate', 1, undefined],
      ['mdm.Connect', undefined, 'Idle'],
    ]);
    expect(rig.webhooks[0]?.payload).toMatchObject({ UDID: 'U1', SerialNumber: 'S1' });
    expect(await rig.install(device as VirtualDevice, 'c1')).toMatchObject({
      status: 200,
      body: { command_uuid: 'c1' },
    });
    expect(rig.answers('c1')).toMatchObject([{ Status: 'Acknowledged', Identifier: NOTES, State: 'Queued' }]);
    expect(await rig.list(device as VirtualDevice, 'l1')).toMatchObject({
      [NOTES]: { Status: 'Installing' },
    });
    await rig.clock.advance(5_000);
    expect(await rig.list(device as VirtualDevice, 'l2')).toMatchObject({ [NOTES]: { Status: 'Managed' } });
    expect(rig.fleet.unlicensedInstalls()).toBe(0);
  });

  it('without a licence at Apple nothing is installed, and that is counted', async () => {
    const device = await rig.enrolled({ serialNumber: 'S9' });
    await rig.install(device, 'c1');
    expect(rig.answers('c1')).toMatchObject([{ Status: 'Error', ErrorChain: [{ ErrorCode: 12064 }] }]);
    expect(rig.fleet.unlicensedInstalls()).toBe(1);
  });

  it('with the wrong purchase method it asks for an Apple Account', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1' });
    await rig.install(device, 'c1', { Options: { PurchaseMethod: 0 } });
    expect(rig.answers('c1')).toMatchObject([{ State: 'PromptingForLogin' }]);
  });

  it('NotNow: the next command is offered, then what was put off', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1', knobs: { offline: true } });
    for (const uuid of ['a', 'b', 'c'])
      await rig.command(device, uuid, { RequestType: 'DeviceInformation', Queries: [] });
    Object.assign(device.knobs, { offline: false, notNow: 1 });
    await device.wake();
    expect(device.seen.map(({ uuid, answer }) => `${uuid} ${answer}`)).toEqual([
      'a NotNow',
      'b Acknowledged',
      'a Acknowledged',
      'c Acknowledged',
    ]);
  });

  it('a device that put off the last command asks again by itself', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1', knobs: { notNow: 1 } });
    await rig.install(device, 'c1');
    expect(device.seen).toHaveLength(1);
    await rig.clock.advance(300_000);
    expect(device.seen.map(({ answer }) => answer)).toEqual(['NotNow', 'Acknowledged']);
  });

  it.each([
    ['accept', 'Managed'],
    ['reject', 'UserRejected'],
    ['ignore', 'Prompting'],
  ] as const)('a device that is not supervised asks its user, who decides: %s', async (prompt, status) => {
    const device = await rig.enrolled({ serialNumber: 'S1', supervised: false, knobs: { prompt } });
    await rig.install(device, 'c1');
    await rig.install(device, 'c2');
    expect(rig.answers('c2')).toMatchObject([{ ErrorChain: [{ ErrorCode: 1407 }] }]);
    await rig.clock.advance(60_000);
    expect(await rig.list(device, 'l1')).toMatchObject({ [NOTES]: { Status: status } });
    // A rejection is told once.
    if (prompt === 'reject') expect(await rig.list(device, 'l2')).toEqual({});
  });

  it('fails, refuses, is doubled, was there already, does not advance: one knob each', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1', knobs: { refuseInstalls: 1, failInstalls: 1 } });
    await rig.install(device, 'refused');
    expect(rig.answers('refused')).toMatchObject([{ ErrorChain: [{ ErrorCode: 12023 }] }]);
    device.knobs.licenceNotFound = 1;
    device.knobs.licenceErrorCode = 9610;
    await rig.install(device, 'unlicensed');
    expect(rig.answers('unlicensed')).toMatchObject([{ ErrorChain: [{ ErrorCode: 9610 }] }]);
    await rig.install(device, 'fails');
    await rig.install(device, 'doubled');
    expect(rig.answers('doubled')).toMatchObject([{ ErrorChain: [{ ErrorCode: 506 }] }]);
    await rig.clock.advance(5_000);
    expect(await rig.list(device, 'l1')).toMatchObject({ [NOTES]: { Status: 'Failed' } });
    device.knobs.hasUnmanaged = true;
    await rig.install(device, 'there');
    expect(rig.answers('there')).toMatchObject([{ RejectionReason: 'AppAlreadyInstalled' }]);
    await rig.install(device, 'taken over', { ChangeManagementState: 'Managed' });
    await rig.clock.advance(5_000);
    device.knobs.neverUpdates = true;
    const version = device.apps.get(NOTES)?.version ?? 0;
    rig.simulator.admin.setContent('900000001', { externalVersionId: version + 1 });
    await rig.install(device, 'update');
    await rig.clock.advance(5_000);
    expect(device.apps.get(NOTES)).toMatchObject({ status: 'Managed', version });
    device.userRemoves(NOTES);
    expect(await rig.list(device, 'l2')).toMatchObject({ [NOTES]: { Status: 'ManagedButUninstalled' } });
    await rig.command(device, 'r1', { RequestType: 'RemoveApplication', Identifier: NOTES });
    await rig.command(device, 'r2', { RequestType: 'RemoveApplication', Identifier: NOTES });
    expect(rig.answers('r1')).toMatchObject([{ Status: 'Acknowledged' }]);
    expect(rig.answers('r2')).toMatchObject([{ ErrorChain: [{ ErrorCode: 12038 }] }]);
  });

  it('a wiped device that enrols again has lost its apps and its queue', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1' });
    await rig.install(device, 'c1');
    device.wipe();
    await rig.command(device, 'c2', { RequestType: 'DeviceInformation', Queries: [] });
    await device.enrol();
    await rig.clock.advance(10_000);
    expect(device.apps.size).toBe(0);
    expect(device.seen.map(({ uuid }) => uuid)).toEqual(['c1']);
  });

  it('the API answers as NanoMDM does', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1', udid: 'U1' });
    const info = toPlist({ CommandUUID: 'c1', Command: { RequestType: 'DeviceInformation' } });
    expect((await rig.api('enqueue/U1', info, 'wrong')).status).toBe(401);
    expect((await rig.api('unknown/U1')).status).toBe(404);
    expect(await rig.api('enqueue/U1', 'no plist')).toMatchObject({
      status: 500,
      body: { command_error: expect.any(String) as string },
    });
    expect((await rig.api('enqueue/U1', info)).status).toBe(200);
    expect(await rig.api('enqueue/U1', info)).toMatchObject({
      status: 500,
      body: { command_error: 'command already exists: c1' },
    });
    // Unknown ids are accepted and forgotten; only the push tells.
    expect((await rig.api('enqueue/NOBODY?nopush=1', info.replace('c1', 'c2'))).status).toBe(200);
    expect((await rig.api('enqueue/U1,NOBODY', info.replace('c1', 'c3'))).status).toBe(207);
    rig.fleet.mdm.faults.withoutPushCertificate = true;
    expect(await rig.api('enqueue/U1', info.replace('c1', 'c4'))).toMatchObject({
      status: 500,
      body: { push_error: expect.stringContaining('push cert') as string },
    });
    expect(rig.fleet.mdm.queued('U1')).toBe(1);
    await device.checkOut();
    await rig.clock.advance(0);
    expect(rig.webhooks.at(-1)).toMatchObject({ topic: 'mdm.CheckOut', payload: null });
    expect(rig.fleet.mdm.queued('U1')).toBe(0);
  });

  it('tokens are data: the MDM server refuses text in their place', async () => {
    const server = rig.fleet.mdm.server();
    const about = { UDID: 'U1', Topic: 'com.apple.mgmt.External.test', MessageType: 'TokenUpdate' };
    const tokens = { PushMagic: 'magic', Token: 'dG9rZW4=', UnlockToken: Buffer.from('unlock') };
    await expect(server.checkIn(toPlist({ ...about, ...tokens }))).rejects.toThrow('400');
    expect(rig.webhooks).toEqual([]);
    const device = await rig.enrolled({ serialNumber: 'S1', udid: 'U1' });
    expect(device.enrolled).toBe(true);
  });

  it('webhooks are lost and doubled, and devices are known to the admin API', async () => {
    const device = await rig.enrolled({ serialNumber: 'S1', udid: 'U1', name: 'Phone' });
    rig.fleet.mdm.faults.loseWebhooks = 1;
    await rig.install(device, 'c1');
    expect(rig.answers('c1')).toEqual([]);
    rig.fleet.mdm.faults.double = 1;
    await rig.list(device, 'l1');
    expect(rig.answers('l1')).toHaveLength(2);
    const admin = async (method: string, path: string, body: object = {}) => {
      const sent = {
        method,
        path: `/admin/devices${path}`,
        headers: {},
        body: method === 'GET' ? '' : JSON.stringify(body),
      };
      const { status, body: text } = await rig.simulator.handle(sent);
      return { status, body: JSON.parse(text) as Record<string, unknown> };
    };
    expect(
      await admin('POST', '', { devices: [{ serialNumber: 'S2', udid: 'U2', knobs: { notNow: 1 } }] }),
    ).toEqual({
      status: 200,
      body: { udids: ['U2'] },
    });
    expect((await admin('POST', '/S2/enrol')).body).toMatchObject({ udid: 'U2', enrolled: true });
    expect((await admin('POST', '/S2/knobs', { nonsense: 1 })).status).toBe(400);
    expect((await admin('POST', '/S3/enrol')).status).toBe(404);
    expect((await admin('POST', '/mdm/faults', { double: 0 })).status).toBe(200);
    expect(rig.fleet.mdm.faults.double).toBe(0);
    expect((await admin('GET', '')).body['devices']).toHaveLength(2);
    expect((await admin('GET', '/mdm')).body).toMatchObject({ lost: 1 });
  });
});
