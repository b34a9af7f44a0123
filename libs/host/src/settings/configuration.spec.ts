import { expectCheckedIn } from '@seatbook/test-support/checked-in';
import { configurationPage } from './configuration-page.js';
import { ConfigurationInvalid, allSettings, readConfiguration, unknownVariables } from './configuration.js';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationInvalid) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('has a usable value for everything without any variable', () => {
    const { http, data, timings, due, apple } = readConfiguration({});
    expect(http).toMatchObject({ host: '127.0.0.1', port: 3000, publicUrl: null, waitMaxMs: 60_000 });
    expect(data.folder).toBe('./data/seatbook');
    expect(timings).toMatchObject({ silenceMs: 300_000, pollEveryMs: 30_000, stalledAfterMs: 600_000 });
    expect(due.concurrency).toBe(64);
    expect(apple.trustedDomains).toEqual(['apple.com']);
    expect(apple.maxRequestsPerSecond).toBeNull();
  });

  it('takes every variable, and an empty one for an absent one', () => {
    const { http, timings, apple } = readConfiguration({
      SEATBOOK_PORT: ' 0 ',
      SEATBOOK_HOST: '',
      SEATBOOK_PUBLIC_URL: 'https://seatbook.example.org/',
      SEATBOOK_TIMINGS_POLL_EVERY_MS: '500',
      SEATBOOK_APPLE_TRUSTED_DOMAINS: 'apple.com, example.org',
    });
    expect(http).toMatchObject({ port: 0, host: '127.0.0.1', publicUrl: 'https://seatbook.example.org' });
    expect(timings.pollEveryMs).toBe(500);
    expect(apple.trustedDomains).toEqual(['apple.com', 'example.org']);
  });

  it('tells all that is wrong at once, each with its variable', () => {
    const problems = problemsOf({
      SEATBOOK_PORT: '65536',
      SEATBOOK_PUBLIC_URL: 'seatbook',
      SEATBOOK_ALLOW_HTTP_CALLBACKS: 'yes',
      SEATBOOK_LOG_LEVEL: 'loud',
      SEATBOOK_DUE_CONCURRENCY: '1.5',
      SEATBOOK_APPLE_WRITE_TIMEOUT_MS: '100000',
    });
    const variables = problems.map((problem) => problem.split(' ')[0]);
    expect(variables.sort()).toEqual([
      'SEATBOOK_ALLOW_HTTP_CALLBACKS',
      'SEATBOOK_DUE_CONCURRENCY',
      'SEATBOOK_LOG_LEVEL',
      'SEATBOOK_PORT',
      'SEATBOOK_PUBLIC_URL',
      'SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS',
    ]);
  });

  it('refuses beats that are too rare for the shortest lease', () => {
    expect(problemsOf({ SEATBOOK_LEASES_BEAT_MS: '5001' })[0]).toMatch(/^SEATBOOK_LEASES_BEAT_MS \(5001\) /);
    expect(problemsOf({ SEATBOOK_LEASES_BEAT_MS: '5000', SEATBOOK_DUE_STEP_LEASE_MS: '14999' })).toHaveLength(
      1,
    );
    expect(problemsOf({ SEATBOOK_LEASES_BEAT_MS: '1000', SEATBOOK_DUE_STEP_LEASE_MS: '3000' })).toEqual([]);
  });

  it('asks for nothing of an MDM server where there is none', () => {
    const quick = { SEATBOOK_APPLE_WRITE_TIMEOUT_MS: '2000', SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS: '2500' };
    expect(problemsOf(quick)).toEqual([]);
    const mdm = {
      SEATBOOK_NANO_MDM_URL: 'https://mdm.example.org',
      SEATBOOK_NANO_MDM_API_KEY: 'nano-mdm-key-0123456789',
      SEATBOOK_NANO_MDM_WEBHOOK_KEY: 'nano-mdm-webhook-key-0123456789',
    };
    expect(problemsOf(mdm)).toEqual([]);
    expect(problemsOf({ ...quick, ...mdm })[0]).toMatch(
      /longer than SEATBOOK_NANO_MDM_TIMEOUT_MS \(20000\)$/,
    );
  });

  it('demands HTTPS of the public URL unless plain HTTP is allowed', () => {
    expect(problemsOf({ SEATBOOK_PUBLIC_URL: 'http://10.0.0.1:3000' })).toHaveLength(1);
    const allowed = { SEATBOOK_PUBLIC_URL: 'http://10.0.0.1:3000', SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true' };
    expect(problemsOf(allowed)).toEqual([]);
  });

  it('never repeats a secret', () => {
    const problems = problemsOf({ SEATBOOK_KEY: 'canary-key', SEATBOOK_OWNER_KEY: 'canary-owner' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('canary');
  });

  it('names variables that are none of it', () => {
    expect(unknownVariables({ SEATBOOK_PROT: '1', SEATBOOK_PORT: '1', HOME: '/' })).toEqual([
      'SEATBOOK_PROT',
    ]);
  });

  it('names each variable once', () => {
    const names = allSettings().map(({ setting }) => setting.variable);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^SEATBOOK_[A-Z][A-Z_]*[A-Z]$/);
  });

  it('is documented as it is', () => {
    expectCheckedIn('libs/host/CONFIGURATION.md', configurationPage(), 'configuration');
  });
});
