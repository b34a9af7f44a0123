import { Rig } from './testing/rig.js';

const path = '/WebObjects/MZStorePlatform.woa/wa/lookup';

interface Lookup {
  isAuthenticated: boolean;
  meta: { storefront: { id: string; cc: string } };
  results: Record<string, Record<string, unknown>>;
}

async function lookup(rig: Rig, query: string, cookie?: string): Promise<Lookup> {
  const { status, body } = await rig.simulator.handle({
    method: 'GET',
    path: `${path}?version=2&p=mdm-lockup&caller=MDM&${query}`,
    headers: cookie === undefined ? {} : { cookie },
    body: '',
  });
  expect(status).toBe(200);
  return JSON.parse(body) as Lookup;
}

describe('content metadata lookup', () => {
  it('answers several ids in a map and leaves out what it does not know', async () => {
    const rig = new Rig();
    const { results, meta, isAuthenticated } = await lookup(rig, 'id=900000001,900000002,5&cc=de');
    expect(Object.keys(results)).toEqual(['900000001', '900000002']);
    expect(results['900000001']).toMatchObject({
      id: '900000001',
      name: 'Field Notes',
      kind: 'iosSoftware',
      deviceFamilies: ['iphone', 'ipad', 'ipod'],
    });
    expect(meta.storefront).toEqual({ id: '143443', cc: 'DE' });
    expect(isAuthenticated).toBe(false);
  });

  it('has both forms of artwork and id', async () => {
    const rig = new Rig();
    expect((await lookup(rig, 'id=900000001')).results['900000001']?.['artwork']).toHaveLength(2);
    rig.admin.setFaults({ lookup: { artwork: 'object', id: 'number' } });
    expect((await lookup(rig, 'id=900000001')).results['900000001']).toMatchObject({
      id: 900000001,
      artwork: { url: expect.stringContaining('{w}x{h}bb.{f}') as string },
    });
  });

  it('shows custom apps and those no longer sold only to their owner, and delisted ones to nobody', async () => {
    const rig = new Rig();
    rig.admin.setContent('900000001', { availability: 'custom' });
    rig.admin.setContent('900000002', { availability: 'unlisted' });
    rig.admin.setContent('900000003', { availability: 'delisted' });
    const ids = 'id=900000001,900000002,900000003,900000004';
    expect(Object.keys((await lookup(rig, ids)).results)).toEqual(['900000004']);
    const own = await lookup(rig, ids, `a=b; itvt=${rig.token}`);
    expect(Object.keys(own.results)).toEqual(['900000001', '900000002', '900000004']);
    expect(own.results['900000001']).toMatchObject({ isB2BCustomApp: true });
    const other = rig.admin.createLocation({ name: 'Lyon Studio' });
    expect(Object.keys((await lookup(rig, ids, `itvt=${other.token}`)).results)).toEqual(['900000004']);
    rig.admin.setTokenState(rig.uId, 'revoked');
    expect(Object.keys((await lookup(rig, ids, `itvt=${rig.token}`)).results)).toEqual(['900000004']);
  });

  it('keeps storefronts and platforms apart', async () => {
    const rig = new Rig();
    rig.admin.setContent('900000001', { storefronts: ['FR'] });
    rig.admin.setContent('900000002', { supportedPlatforms: ['iOS', 'macOS'] });
    const ids = 'id=900000001,900000002';
    expect(Object.keys((await lookup(rig, `${ids}&cc=de`)).results)).toEqual(['900000002']);
    expect(Object.keys((await lookup(rig, `${ids}&cc=fr`)).results)).toHaveLength(2);
    const mac = await lookup(rig, `${ids}&cc=fr&platform=macappstore`);
    expect(mac.results).toMatchObject({ '900000002': { kind: 'macSoftware', deviceFamilies: ['mac'] } });
    expect(Object.keys(mac.results)).toHaveLength(1);
  });
});
