import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeviceRequest, MdmApi } from '@seatbook/licensing';
import { nanoMdm } from './nanomdm.js';
import { parsedPlist } from './plist.js';

const KEY = 'api-key-of-the-server';
const INSTALL: DeviceRequest = {
  requestType: 'InstallApplication',
  adamId: '900000001',
  managementFlags: 1,
  takeOver: true,
  vpnUuid: null,
};

describe('the client of NanoMDM', () => {
  let server: Server;
  let mdm: MdmApi;
  let url: string;
  let next: { status: number; body: string } | 'silence' | 'hang up' = { status: 200, body: '{}' };
  const received: { line: string; authorization: string | undefined; body: string }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { authorization } = request.headers;
        received.push({ line: `${request.method} ${request.url}`, authorization, body });
        if (next === 'hang up') request.socket.destroy();
        else if (next !== 'silence') response.writeHead(next.status).end(next.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    mdm = nanoMdm({ url, apiKey: KEY, timeoutMs: 30_000 });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => void received.splice(0));

  const answers = (status: number, body: object | string): void => {
    next = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  };
  const enqueue = (ids: readonly string[] = ['E1', 'E2'], command: DeviceRequest = INSTALL) =>
    mdm.enqueue('c1', command, ids);

  it('queues a command for several enrolments in one request', async () => {
    answers(200, { no_push: false, command_uuid: 'c1', request_type: 'InstallApplication' });
    expect(await enqueue(['E1', 'U:2'])).toEqual({ ok: true, refused: [], unpushed: [] });
    const [request] = received;
    expect(request).toMatchObject({
      line: 'PUT /v1/enqueue/E1,U%3A2',
      authorization: `Basic ${Buffer.from(`nanomdm:${KEY}`).toString('base64')}`,
    });
    expect(parsedPlist(request?.body ?? '')).toEqual({
      CommandUUID: 'c1',
      Command: {
        RequestType: 'InstallApplication',
        iTunesStoreID: 900_000_001,
        Options: { PurchaseMethod: 1 },
        ManagementFlags: 1,
        InstallAsManaged: true,
        ChangeManagementState: 'Managed',
      },
    });
  });

  it.each<[DeviceRequest, object]>([
    [{ ...INSTALL, takeOver: false, adamId: '900000002' }, { iTunesStoreID: 900_000_002 }],
    [{ requestType: 'ManagedApplicationList', bundleIds: ['a.b'] }, { Identifiers: ['a.b'] }],
    [{ requestType: 'ManagedApplicationList', bundleIds: [] }, {}],
    [{ requestType: 'RemoveApplication', bundleId: 'a.b' }, { Identifier: 'a.b' }],
    [{ requestType: 'DeviceInformation', queries: ['OSVersion'] }, { Queries: ['OSVersion'] }],
  ])('says what %j is to do', async (command, content) => {
    answers(200, {});
    await enqueue(['E1'], command);
    expect(parsedPlist(received[0]?.body ?? '')).toMatchObject({
      Command: { RequestType: command.requestType, ...content },
    });
  });

  it('writes an id of the App Store digit by digit, however long', async () => {
    answers(200, {});
    await enqueue(['E1'], { ...INSTALL, adamId: '90000000190000000190' });
    expect(received[0]?.body).toContain('<integer>90000000190000000190</integer>');
  });

  it.each<[string, number, object | string, object]>([
    [
      'some enrolments are refused',
      207,
      { status: { E1: { command_error: 'no such id' }, E2: { push_result: 'apns-id' } } },
      { ok: true, refused: [{ enrolmentId: 'E1', reason: 'no such id' }], unpushed: [] },
    ],
    [
      'all are refused',
      500,
      { status: { E1: { command_error: 'no' }, E2: { command_error: 'no' } } },
      { ok: true, refused: [{ enrolmentId: 'E1' }, { enrolmentId: 'E2' }], unpushed: [] },
    ],
    [
      'one was queued and not pushed',
      500,
      { status: { E1: { push_error: 'BadDeviceToken' } } },
      { ok: true, refused: [], unpushed: [{ enrolmentId: 'E1', reason: 'BadDeviceToken' }] },
    ],
    [
      'all were queued, and there is no push certificate',
      500,
      { push_error: 'retrieving push cert for topic x', command_uuid: 'c1' },
      { ok: true, refused: [], unpushed: [{ enrolmentId: 'E1' }, { enrolmentId: 'E2' }] },
    ],
    [
      'an earlier attempt had queued it',
      500,
      { command_error: 'command already exists: c1' },
      { ok: true, refused: [], unpushed: [] },
    ],
    [
      'one had it already',
      207,
      { status: { E1: { command_error: 'command already exists: c1' } } },
      { ok: true, refused: [], unpushed: [] },
    ],
    [
      'the command is no command',
      500,
      { command_error: 'decoding command: invalid plist' },
      { ok: false, kind: 'refused' },
    ],
    ['its storage is down', 500, { command_error: 'connection refused' }, { ok: false, kind: 'transient' }],
    ['the key is wrong', 401, 'Unauthorized', { ok: false, kind: 'transient' }],
    ['it is another server', 404, '404 page not found', { ok: false, kind: 'transient' }],
    ['a proxy answers', 200, '<html>', { ok: false, kind: 'transient' }],
    ['it fails without a word', 503, '{}', { ok: false, kind: 'transient' }],
    ['it sends us elsewhere', 302, '', { ok: false, kind: 'transient' }],
  ])('%s', async (_name, status, body, result) => {
    answers(status, body);
    expect(await enqueue()).toMatchObject(result);
    expect(received).toHaveLength(1);
  });

  it('one request that is not answered is one request', async () => {
    next = 'hang up';
    expect(await enqueue()).toMatchObject({ ok: false, kind: 'transient' });
    next = 'silence';
    const hurried = nanoMdm({ url, apiKey: KEY, timeoutMs: 50 });
    expect(await hurried.push(['E1'])).toMatchObject({ ok: false, kind: 'transient' });
    expect(received).toHaveLength(2);
    const nowhere = nanoMdm({ url: 'http://127.0.0.1:1', apiKey: KEY, timeoutMs: 5_000 });
    expect(await nowhere.push(['E1'])).toMatchObject({ ok: false, kind: 'transient' });
  });

  it('an endless answer is none', async () => {
    answers(200, `{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`);
    expect(await enqueue()).toMatchObject({ ok: false, kind: 'transient' });
  });

  it('a push of which nobody heard failed', async () => {
    answers(500, { status: { E1: { push_error: 'BadDeviceToken' } } });
    expect(await mdm.push(['E1'])).toEqual({ ok: false, kind: 'transient', reason: 'BadDeviceToken' });
    answers(207, { status: { E1: { push_error: 'BadDeviceToken' }, E2: { push_result: 'x' } } });
    expect(await mdm.push(['E1', 'E2'])).toMatchObject({ ok: true, unpushed: [{ enrolmentId: 'E1' }] });
    expect(received[0]).toMatchObject({ line: 'PUT /v1/push/E1', body: '' });
  });

  it('shows neither its key nor tokens of devices', async () => {
    const token = 'a1'.repeat(32);
    answers(207, { status: { E1: { push_error: `token ${token} is bad\n${'x '.repeat(500)}` } } });
    const result = await enqueue();
    expect(JSON.stringify(result)).not.toContain(token);
    expect(JSON.stringify(result).length).toBeLessThan(400);
    const broken = nanoMdm({
      url,
      apiKey: KEY,
      timeoutMs: 1_000,
      transport: ({ headers }) => Promise.reject(new Error(`cannot send ${headers['authorization']}`)),
    });
    expect(JSON.stringify(await broken.push(['E1']))).not.toMatch(/Basic|api-key/);
  });

  it('a request names 1 to 50 enrolments', async () => {
    await expect(enqueue([])).rejects.toThrow('1 to 50');
    await expect(enqueue(Array.from({ length: 51 }, (_, index) => `E${index}`))).rejects.toThrow('1 to 50');
  });
});
