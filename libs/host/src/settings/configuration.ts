import { readFileSync } from 'node:fs';
import { settingTable } from './setting-table.js';
import type { Setting } from './setting.js';

type Table = typeof settingTable;

/** All settings of the product, by group. */
export type Configuration = {
  readonly [G in keyof Table]: {
    readonly [N in keyof Table[G]]: Table[G][N] extends Setting<infer T> ? T : never;
  };
};

/** Everything that is wrong with the environment, at once. Each problem names its variable. */
export class ConfigurationInvalid extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigurationInvalid';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every setting with the names of its group and field. */
export function allSettings(): { group: string; field: string; setting: Setting<unknown> }[] {
  return Object.entries(settingTable).flatMap(([group, settings]) =>
    Object.entries(settings as Record<string, Setting<unknown>>).map(([field, setting]) => ({
      group,
      field,
      setting,
    })),
  );
}

/**
 * Reads the configuration, and the files that it names instead of values. An empty variable is an absent one.
 * @throws ConfigurationInvalid
 */
export function readConfiguration(environment: Environment): Configuration {
  const problems: string[] = [];
  const values: Record<string, Record<string, unknown>> = {};
  for (const { group, field, setting } of allSettings()) {
    const fields = (values[group] ??= {});
    fields[field] = setting.absent;
    try {
      const given = givenFor(setting, environment);
      if (given !== '') fields[field] = setting.parse(given);
    } catch (error) {
      problems.push(`${setting.variable} ${(error as Error).message}`);
    }
  }
  const configuration = values as unknown as Configuration;
  problems.push(...contradictions(configuration));
  if (problems.length > 0) throw new ConfigurationInvalid(problems);
  return configuration;
}

/** What was given for a setting, in its variable or in the file that another one names; '' when nothing was. */
function givenFor({ variable, fileVariable }: Setting<unknown>, environment: Environment): string {
  const given = environment[variable]?.trim() ?? '';
  const file = fileVariable === undefined ? '' : (environment[fileVariable]?.trim() ?? '');
  if (file === '') return given;
  if (given !== '') throw new Error(`and ${fileVariable} are both given: choose one`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`cannot be read from the file that ${fileVariable} names (${code ?? 'no such path'})`, {
      cause: error,
    });
  }
}

/** Settings that are each fine and together are not. */
function contradictions(configuration: Configuration): string[] {
  const { http, apple, timings, leases, reactor, planner, due, servers, owner, nanoMdm } = configuration;
  const problems: string[] = [];
  if ((servers.eventStoreDb === null) !== (servers.mongoDb === null)) {
    problems.push(
      'SEATBOOK_EVENTSTOREDB_URL and SEATBOOK_MONGODB_URL belong together: give both, or neither for the embedded store',
    );
  }
  if (usesServers(configuration) && owner.resetKey) {
    problems.push(
      'SEATBOOK_RESET_OWNER_KEY is for the embedded store: with servers, change SEATBOOK_OWNER_KEY instead',
    );
  }
  const ofMdm = [nanoMdm.url, nanoMdm.apiKey, nanoMdm.webhookKey].filter((given) => given !== null);
  if (ofMdm.length !== 0 && ofMdm.length !== 3) {
    problems.push(
      'SEATBOOK_NANO_MDM_URL, SEATBOOK_NANO_MDM_API_KEY and SEATBOOK_NANO_MDM_WEBHOOK_KEY belong together: give all of them, or none',
    );
  }
  if (ofMdm.length > 0 && nanoMdm.timeoutMs >= timings.doubtfulAfterMs) {
    problems.push(
      `SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS (${timings.doubtfulAfterMs}) must be longer than SEATBOOK_NANO_MDM_TIMEOUT_MS (${nanoMdm.timeoutMs})`,
    );
  }
  const shortest = Math.min(
    leases.buildersMs,
    reactor.leaseMs,
    planner.leaseMs,
    due.stepLeaseMs,
    due.gateLeaseMs,
  );
  if (leases.beatMs * 3 > shortest) {
    problems.push(
      `SEATBOOK_LEASES_BEAT_MS (${leases.beatMs}) must be at most a third of the shortest lease (${shortest}): otherwise a worker loses its leases while it works`,
    );
  }
  if (http.publicUrl !== null && !http.publicUrl.startsWith('https:') && !http.allowHttpCallbacks) {
    problems.push(
      'SEATBOOK_PUBLIC_URL must begin with https://, as Apple demands; for local work set SEATBOOK_ALLOW_HTTP_CALLBACKS=true',
    );
  }
  if (apple.writeTimeoutMs >= timings.doubtfulAfterMs) {
    problems.push(
      `SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS (${timings.doubtfulAfterMs}) must be longer than SEATBOOK_APPLE_WRITE_TIMEOUT_MS (${apple.writeTimeoutMs}): a call that is still on its way is not doubtful`,
    );
  }
  return problems;
}

/** Whether the stores are on servers, where many processes share them, or embedded in this one. */
export const usesServers = <C extends Pick<Configuration, 'servers'>>(
  configuration: C,
): configuration is C & OnServers =>
  configuration.servers.eventStoreDb !== null && configuration.servers.mongoDb !== null;

/** A configuration that names both servers. */
export interface OnServers {
  readonly servers: Configuration['servers'] & { readonly eventStoreDb: string; readonly mongoDb: string };
}

/**
 * For programs that are one half of the product: the other one is another process, so the stores must be shared.
 * @throws ConfigurationInvalid
 */
export function requireServers(
  configuration: Configuration,
): asserts configuration is Configuration & OnServers {
  if (usesServers(configuration)) return;
  throw new ConfigurationInvalid([
    'SEATBOOK_EVENTSTOREDB_URL and SEATBOOK_MONGODB_URL must be given: the embedded store is for one process, which apps/standalone is',
  ]);
}

/** Variables that look like ours and mean nothing: most likely misspelt. */
export function unknownVariables(environment: Environment): string[] {
  const known = new Set(
    allSettings().flatMap(({ setting }) => [setting.variable, setting.fileVariable ?? setting.variable]),
  );
  return Object.keys(environment).filter((name) => name.startsWith('SEATBOOK_') && !known.has(name));
}
