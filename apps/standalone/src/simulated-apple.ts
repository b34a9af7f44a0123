import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SAVE_EVERY_MS = 2_000;
const TOKEN_FILE = '.vpptoken';

interface Licences {
  readonly adamId: string;
  readonly pricingParam: string;
  readonly total: number;
  readonly unlimited: boolean;
}

interface Location {
  readonly uId: string;
  readonly mdmInfo: { readonly id: string; readonly name: string; readonly metadata: string } | null;
  readonly licences: readonly Licences[];
  /** `{adamId}/{pricingParam}` → serial numbers. */
  readonly devices: Readonly<Record<string, readonly string[]>>;
}

/**
 * Makes the simulated Apple remember. The simulator keeps everything in memory, while Apple forgets nothing: each
 * location's mark, licences and assignments are saved every two seconds and restored at the next start.
 */
export class SimulatedApple {
  #saved = '';
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly url: string,
    private readonly folder: string,
  ) {}

  /** Texts of the token files that an earlier simulator wrote, by file name. Read them before the next one starts. */
  static earlierTokens(folder: string): ReadonlyMap<string, string> {
    const files = readdirSync(folder).filter((file) => file.endsWith(TOKEN_FILE));
    return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8').trim()]));
  }

  /** Restores the saved state, including the tokens that were issued. */
  async restore(earlierTokens: ReadonlyMap<string, string>): Promise<void> {
    const fresh = new Set((await this.#locations<{ uId: string }>()).map(({ uId }) => uId));
    for (const location of readJson<Location[]>(this.#file) ?? []) {
      if (fresh.has(location.uId)) await this.#putBack(location);
    }
    await this.#adopt(earlierTokens, fresh);
  }

  async #adopt(earlierTokens: ReadonlyMap<string, string>, locations: ReadonlySet<string>): Promise<void> {
    const renewed = new Set<string>();
    for (const [file, text] of earlierTokens) {
      const uId = locationOf(text);
      if (uId === null || !locations.has(uId)) continue;
      const fileName = file.slice(0, -TOKEN_FILE.length);
      // The first token of a location revokes those that the simulator has just made.
      const wanted = { text, fileName, keepOld: renewed.has(uId) };
      await this.#post(`/admin/locations/${uId}/tokens`, wanted);
      renewed.add(uId);
    }
  }

  startSaving(): void {
    this.#timer = setInterval(() => {
      this.#saving = this.#saving.then(() => this.#save()).catch(() => undefined);
    }, SAVE_EVERY_MS);
  }

  /** Saves once more. */
  async stopSaving(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#saving;
    // The simulator may have ended already; then the last save counts.
    await this.#save().catch(() => undefined);
  }

  get #file(): string {
    return join(this.folder, 'state.json');
  }

  async #save(): Promise<void> {
    const locations: Location[] = [];
    for (const { uId, mdmInfo } of await this.#locations<Pick<Location, 'uId' | 'mdmInfo'>>()) {
      const licences = await this.#licences(uId);
      locations.push({
        uId,
        mdmInfo,
        licences: licences.map(({ adamId, pricingParam, total, unlimited }) => ({
          adamId,
          pricingParam,
          total,
          unlimited,
        })),
        devices: await this.#devices(uId),
      });
    }
    const text = JSON.stringify(locations);
    if (text === this.#saved) return;
    writeJson(this.#file, text);
    this.#saved = text;
  }

  async #putBack({ uId, mdmInfo, licences, devices }: Location): Promise<void> {
    const path = `/admin/locations/${uId}`;
    const now = new Map(
      (await this.#licences(uId)).map((one) => [`${one.adamId}/${one.pricingParam}`, one.total]),
    );
    for (const { adamId, pricingParam, total, unlimited } of licences) {
      const difference = total - (now.get(`${adamId}/${pricingParam}`) ?? total);
      const asset = { adamId, pricingParam };
      if (unlimited || difference === 0) continue;
      if (difference > 0) await this.#post(`${path}/purchase`, { ...asset, count: difference });
      else await this.#post(`${path}/refund`, { ...asset, count: -difference, force: true });
    }
    const there = await this.#devices(uId);
    for (const asset of new Set([...Object.keys(there), ...Object.keys(devices)])) {
      const [adamId = '', pricingParam = ''] = asset.split('/');
      const wanted = new Set(devices[asset] ?? []);
      const held = new Set(there[asset] ?? []);
      const missing = [...wanted].filter((serialNumber) => !held.has(serialNumber));
      if (missing.length > 0) {
        await this.#post(`${path}/assignments/seed`, { adamId, pricingParam, serialNumbers: missing });
      }
      for (const serialNumber of held) {
        if (wanted.has(serialNumber)) continue;
        await this.#post(`${path}/assignments/remove`, { adamId, pricingParam, serialNumber });
      }
    }
    if (mdmInfo) await this.#post(`${path}/mdm-info`, mdmInfo);
  }

  async #locations<L>(): Promise<L[]> {
    return (await this.#get<{ locations: L[] }>('/admin/locations')).locations;
  }

  async #licences(uId: string): Promise<Licences[]> {
    return (await this.#get<{ assets: Licences[] }>(`/admin/locations/${uId}/assets`)).assets;
  }

  async #devices(uId: string): Promise<Record<string, string[]>> {
    const path = `/admin/locations/${uId}/assignments`;
    return (await this.#get<{ assets: Record<string, string[]> }>(path)).assets;
  }

  async #get<T>(path: string): Promise<T> {
    return this.#answer<T>(path, await fetch(`${this.url}${path}`));
  }

  async #post(path: string, body: object): Promise<void> {
    await this.#answer(
      path,
      await fetch(`${this.url}${path}`, { method: 'POST', body: JSON.stringify(body) }),
    );
  }

  async #answer<T>(path: string, response: Response): Promise<T> {
    const text = await response.text();
    if (!response.ok)
      throw new Error(`the simulator answered ${response.status} to ${path}: ${text.slice(0, 200)}`);
    return JSON.parse(text) as T;
  }
}

/** The simulator writes the location into its tokens. */
function locationOf(text: string): string | null {
  const file = Buffer.from(text, 'base64').toString('utf8');
  const token = /"token":"([A-Za-z0-9+/=]+)"/.exec(file)?.[1] ?? '';
  return /^SIM-(.+)-[0-9a-f]+$/.exec(Buffer.from(token, 'base64').toString('utf8'))?.[1] ?? null;
}

function readJson<T>(file: string): T | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  return JSON.parse(text) as T;
}

/** Writes the whole file or nothing, however the process dies. */
function writeJson(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
