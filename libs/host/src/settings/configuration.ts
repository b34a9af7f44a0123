import { BUILDER_LEASE_MS } from '@seatbook/runtime';
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
 * Reads the configuration. An empty variable is an absent one.
 * @throws ConfigurationInvalid
 */
export function readConfiguration(environment: Environment): Configuration {
  const problems: string[] = [];
  const values: Record<string, Record<string, unknown>> = {};
  for (const { group, field, setting } of allSettings()) {
    const given = environment[setting.variable]?.trim() ?? '';
    const fields = (values[group] ??= {});
    fields[field] = setting.absent;
    if (given === '') continue;
    try {
      fields[field] = setting.parse(given);
    } catch (error) {
      problems.push(`${setting.variable} ${(error as Error).message}`);
    }
  }
  const configuration = values as unknown as Configuration;
  problems.push(...contradictions(configuration));
  if (problems.length > 0) throw new ConfigurationInvalid(problems);
  return configuration;
}

/** Settings that are each fine and together are not. */
function contradictions({ http, apple, timings, leases, reactor, planner, due }: Configuration): string[] {
  const problems: string[] = [];
  const shortest = Math.min(
    BUILDER_LEASE_MS,
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

/** Variables that look like ours and mean nothing: most likely misspelt. */
export function unknownVariables(environment: Environment): string[] {
  const known = new Set(allSettings().map(({ setting }) => setting.variable));
  return Object.keys(environment).filter((name) => name.startsWith('SEATBOOK_') && !known.has(name));
}
