import { nanoMdm } from '@seatbook/mdm';
import type { VirtualDevice, NewDevice } from '@seatbook/simulator';
import { eventually } from '@seatbook/test-support/eventually';
import { freePort } from '@seatbook/test-support/processes';
import { BERLIN, StartedProduct, type ItemsBody, type OrderBody } from '../e2e/started-product.js';
import { RealNanoMdm } from './nanomdm/real-nano-mdm.js';

const program = process.env['NANOMDM'];
if (!program)
  throw new Error('NANOMDM names no program to test against; test/servers/nanomdm/install.sh builds it');

const APP = '900000001';
const API_KEY = 'key-of-the-mdm-server';
const WEBHOOK_KEY = 'key-of-the-webhooks-of-the-mdm-server';

/** Devices come when they are made to: nobody can be pushed without a certificate of Apple's. */
const TIMINGS = {
  SEATBOOK_TIMINGS_ROLLOUT_QUIET_MS: '50',
  SEATBOOK_TIMINGS_FIRST_LOOK_MS: '100',
  SEATBOOK_TIMINGS_LOOK_AGAIN_MS: '100',
  SEATBOOK_TIMINGS_LICENCE_RETRY_MS: '100',
};

interface Installation {
  readonly assetId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
}

let seatbook: StartedProduct;
let server: RealNanoMdm;

beforeAll(async () => {
  const port = await freePort();
  seatbook = await StartedProduct.start({
    ...TIMINGS,
    SEATBOOK_NANO_MDM_URL: `http://127.0.0.1:${port}`,
    SEATBOOK_NANO_MDM_API_KEY: API_KEY,
    SEATBOOK_NANO_MDM_WEBHOOK_KEY: WEBHOOK_KEY,
  });
  await seatbook.importBerlin();
  const webhookUrl = `${seatbook.url}/mdm/webhook`;
  server = await RealNanoMdm.start({ program, port, apiKey: API_KEY, webhookUrl, webhookKey: WEBHOOK_KEY });
});
afterAll(async () => {
  await server.stop();
  await seatbook.end();
});

/** A device that enrols at NanoMDM, and is known to the product. */
async function enrolled(serialNumber: string, more: Partial<NewDevice> = {}): Promise<VirtualDevice> {
  const wanted = { serialNumber, ...more, knobs: { installMs: 50, ...more.knobs } };
  const [device] = seatbook.simulator.fleet.add([wanted], (udid) => server.asSeenBy(udid));
  if (!device) throw new Error('no device');
  await device.enrol();
  return device;
}

/** The product hears of a device by webhook: until then it refuses to assign anything to it. */
async function order(kind: 'AssignLicense' | 'RolloutApp', serialNumber: string): Promise<OrderBody> {
  const body = { kind, accountId: BERLIN, assetIds: [APP], serialNumbers: [serialNumber] };
  const { orderId } = await eventually(`${kind} is accepted`, async () => {
    const answer = (await seatbook.post('/orders', body)) as { status: number; body: OrderBody };
    return answer.status === 202 ? answer.body : null;
  });
  return seatbook.until<OrderBody>(`/orders/${orderId}`, ({ state }) => state === 'finished');
}

const installation = async (serialNumber: string): Promise<Installation | undefined> => {
  const answer = await seatbook.get(`/installations?serialNumber=${serialNumber}`).expect(200);
  return (answer.body as ItemsBody<Installation>).items[0];
};

/** The device asks for commands until its app is in this state. */
const untilApp = (device: VirtualDevice, state: string): Promise<Installation> =>
  eventually(
    `${device.facts.serialNumber} is ${state}`,
    async () => {
      await device.wake();
      const row = await installation(device.facts.serialNumber ?? '');
      return row?.state === state ? row : null;
    },
    20_000,
  );

/** What the device answered to commands of this type. */
const answersTo = ({ seen }: VirtualDevice, type: string): string[] =>
  seen.flatMap(({ requestType, answer }) => (requestType === type ? answer : []));

it('a device enrols, gets its command, answers, and has the app in the end', async () => {
  const device = await enrolled('REAL00000001');
  await order('AssignLicense', 'REAL00000001');
  await order('RolloutApp', 'REAL00000001');
  expect(await untilApp(device, 'installed')).toMatchObject({ attempts: 1, reason: null });
  expect(answersTo(device, 'InstallApplication')).toEqual(['Acknowledged']);
  // It was asked what it is, too.
  expect(answersTo(device, 'DeviceInformation')[0]).toBe('Acknowledged');
  expect(
    device.seen.every(({ requestType, licensed }) => requestType !== 'InstallApplication' || licensed),
  ).toBe(true);
});

it('a device that puts its command off gets it again', async () => {
  const device = await enrolled('REAL00000002');
  await order('AssignLicense', 'REAL00000002');
  await eventually('it has said what it is', async () => {
    await device.wake();
    return answersTo(device, 'DeviceInformation').length > 0;
  });
  device.knobs.notNow = 1;
  await order('RolloutApp', 'REAL00000002');
  await untilApp(device, 'installed');
  expect(answersTo(device, 'InstallApplication')).toEqual(['NotNow', 'Acknowledged']);
});

it('a device that enrols again has lost its queue: the command is planned once more', async () => {
  const device = await enrolled('REAL00000003');
  await order('AssignLicense', 'REAL00000003');
  await order('RolloutApp', 'REAL00000003');
  await eventually(
    'the command is queued',
    async () => (await installation('REAL00000003'))?.state === 'commanded',
  );
  await seatbook.quiet();
  device.wipe();
  await device.enrol();
  expect(await untilApp(device, 'installed')).toMatchObject({ attempts: 2 });
  // What was queued before never came.
  expect(answersTo(device, 'InstallApplication')).toEqual(['Acknowledged']);
});

it('a device that has checked out gets nothing, and says so', async () => {
  const device = await enrolled('REAL00000004', { knobs: { offline: true } });
  await order('AssignLicense', 'REAL00000004');
  await order('RolloutApp', 'REAL00000004');
  await eventually(
    'the command is queued',
    async () => (await installation('REAL00000004'))?.state === 'commanded',
  );
  await device.checkOut();
  await eventually('it has failed', async () => {
    const row = await installation('REAL00000004');
    return row?.state === 'failed' && row.reason === 'device-left';
  });
  await order('RolloutApp', 'REAL00000004');
  await eventually(
    'it is not sent',
    async () => (await installation('REAL00000004'))?.reason === 'not-enrolled',
  );
  expect(device.seen).toEqual([]);
});

describe('the client', () => {
  const client = (apiKey = API_KEY) => nanoMdm({ url: server.url, apiKey, timeoutMs: 10_000 });
  const list = { requestType: 'ManagedApplicationList', bundleIds: [] } as const;

  it('may send a command again: the second time it is there already', async () => {
    const { facts } = await enrolled('REAL00000005', { udid: 'UDID-5' });
    for (let sent = 0; sent < 2; sent += 1)
      expect(await client().enqueue('twice', list, [facts.udid])).toMatchObject({ ok: true, refused: [] });
  });

  it('is told that its key is wrong', async () => {
    expect(await client('another key').enqueue('c', list, ['UDID-5'])).toMatchObject({
      ok: false,
      kind: 'transient',
      reason: 'the MDM server refuses our key',
    });
  });
});

it('tokens are data: text in their place is refused, here as by the façade', async () => {
  const seen = server.asSeenBy('UDID-6');
  const message = (type: string, tokens: string): string =>
    `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>MessageType</key><string>${type}</string><key>UDID</key><string>UDID-6</string><key>Topic</key><string>com.apple.mgmt.External.test</string>${tokens}</dict></plist>`;
  const magic = '<key>PushMagic</key><string>magic</string>';
  await seen.checkIn(message('Authenticate', '<key>SerialNumber</key><string>REAL00000006</string>'));
  const text = seen.checkIn(message('TokenUpdate', `${magic}<key>Token</key><string>dG9rZW4=</string>`));
  await expect(text).rejects.toThrow('HTTP 400');
  await seen.checkIn(message('TokenUpdate', `${magic}<key>Token</key><data>dG9rZW4=</data>`));
});
