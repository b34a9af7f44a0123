import type { Answer, Json, Processes } from './processes.js';

/** Processes of either kind: standalone, or APIs and workers. */
interface Reached extends Pick<Processes, 'apple' | 'eventually'> {
  api<T = Json>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
}

export const UID = '7700000000000001';

/** Serial numbers `S0000000`, `S0000001`, … */
export const serials = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_serial, index) => `S${String(from + index).padStart(9, '0')}`);

/** A location at the simulated Apple with `apps` apps of `total` licences each, imported and read. */
export async function importLocation(
  processes: Reached,
  apps: readonly string[],
  total: number,
): Promise<void> {
  const { token } = await processes.apple<{ token: string }>('POST', '/locations', {
    uId: UID,
    name: 'Berlin Office',
    country: 'DE',
  });
  const assets = apps.map((adamId) => ({ adamId, name: `App ${adamId}`, total }));
  await processes.apple('POST', `/locations/${UID}/assets`, { assets });
  const imported = await processes.api('POST', '/accounts', {
    token,
    name: 'Berlin',
    platform: 'iOS',
    assignmentType: 'device',
  });
  if (imported.status !== 201) throw new Error(`import: ${imported.status} ${JSON.stringify(imported.body)}`);
  await processes.eventually('all assets are read', async () => {
    const { body } = await processes.api<{
      items: { name: string | null; licences: { owned: number | null } }[];
    }>('GET', '/assets?limit=100');
    const read = body.items.filter(({ name, licences }) => name !== null && licences.owned === total);
    return read.length === apps.length ? true : null;
  });
}

/** Serial numbers at Apple, by adamId. */
export async function atApple(processes: Pick<Reached, 'apple'>): Promise<Map<string, string[]>> {
  const { assets } = await processes.apple<{ assets: Record<string, string[]> }>(
    'GET',
    `/locations/${UID}/assignments`,
  );
  return new Map(Object.entries(assets).map(([key, list]) => [key.split('/')[0] ?? '', [...list].sort()]));
}
