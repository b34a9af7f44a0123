import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpServer } from './http-server.js';
import { Rig } from './testing/rig.js';

describe('the HTTP server', () => {
  const rig = new Rig();
  const errors: unknown[] = [];
  const server = createHttpServer(
    async (incoming) => {
      const response = await rig.simulator.handle(incoming);
      if (response.dead !== undefined) leftDead();
      return response;
    },
    (error) => errors.push(error),
  );
  let base = '';
  let leftDead = (): void => undefined;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(errors).toEqual([]);
  });

  const headers = () => ({ authorization: `Bearer ${rig.token}`, 'content-type': 'application/json' });

  it('answers requests with bodies', async () => {
    const response = await fetch(`${base}/mdm/v2/client/config`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify({ mdmInfo: { id: 'ü', name: 'Größe', metadata: '' } }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ mdmInfo: { name: 'Größe' } });
  });

  it('keeps connections', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const once = async (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const outgoing = request(`${base}/mdm/v2/service/config`, { agent }, (incoming) => {
          incoming.resume();
          incoming.on('end', () => resolve(outgoing.reusedSocket));
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
    expect([await once(), await once()]).toEqual([false, true]);
    agent.destroy();
  });

  it('drops connections and leaves them dead', async () => {
    rig.admin.addErrorRule({ match: { path: '/assets' }, resetAfter: true });
    await expect(fetch(`${base}/mdm/v2/assets`, { headers: headers() })).rejects.toThrow();
    rig.admin.addErrorRule({ match: { path: '/assets' }, dead: true });
    // Given up when it has got there: before that, the next request would be the dead one.
    const patience = new AbortController();
    leftDead = () => patience.abort();
    await expect(
      fetch(`${base}/mdm/v2/assets`, { headers: headers(), signal: patience.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect((await fetch(`${base}/mdm/v2/assets`, { headers: headers() })).status).toBe(200);
  });
});
