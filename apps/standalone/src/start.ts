import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { ChildProgram } from './child-program.js';
import { SimulatedApple } from './simulated-apple.js';
import { welcome } from './welcome.js';

/** One command for newcomers: the product and a simulated Apple, each in a process of its own, all data in ./data. */
const DATA = 'data';
const LOGS = join(DATA, 'logs');
const SIMULATOR_DATA = process.env['SIMULATOR_DATA'] ?? join(DATA, 'simulator');
const PRODUCT_DATA = process.env['SEATBOOK_DATA'] ?? join(DATA, 'seatbook');
const HOST = '127.0.0.1';

const programs: ChildProgram[] = [];
let apple: SimulatedApple | null = null;
let stopping = false;

/** The product first: it may still be talking to Apple. */
async function stop(code: number): Promise<never> {
  if (stopping) {
    for (const program of programs) program.endAtOnce();
    process.exit(1);
  }
  stopping = true;
  const [simulator, product] = programs;
  await product?.stop();
  await apple?.stopSaving();
  await simulator?.stop();
  process.exit(code);
}

function run(program: ChildProgram, name: string): ChildProgram {
  programs.push(program);
  void program.ended.then((code) => {
    if (!program.failed || stopping) return;
    process.stderr.write(`${name} has ended (${code ?? 'killed'}); its log is in ${LOGS}\n`);
    void stop(1);
  });
  return program;
}

/** Apple must be told the port before the product listens, so a free one is chosen here. */
async function portOf(wanted: string): Promise<number> {
  if (wanted !== '0') return Number(wanted);
  const server = createServer().listen(0, HOST);
  await new Promise<void>((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function start(): Promise<void> {
  for (const folder of [LOGS, SIMULATOR_DATA]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const earlierTokens = SimulatedApple.earlierTokens(SIMULATOR_DATA);
  const simulator = run(
    new ChildProgram({
      name: 'The simulated Apple',
      entry: new URL('../../simulator/dist/main.js', import.meta.url),
      logFile: join(LOGS, 'simulator.log'),
      environment: {
        ...process.env,
        SIMULATOR_HOST: HOST,
        SIMULATOR_PORT: process.env['SIMULATOR_PORT'] ?? '3999',
        SIMULATOR_DATA,
        SIMULATOR_SCENARIO: 'demo',
        SIMULATOR_ALLOW_HTTP_CALLBACKS: 'true',
      },
    }),
    'The simulated Apple',
  );
  const appleUrl = `http://${HOST}:${await simulator.told<number>('listening')}`;
  apple = new SimulatedApple(appleUrl, SIMULATOR_DATA);
  await apple.restore(earlierTokens);
  apple.startSaving();

  const port = await portOf(process.env['SEATBOOK_PORT'] ?? '3000');
  const productUrl = `http://${HOST}:${port}`;
  const product = run(
    new ChildProgram({
      name: 'Seatbook',
      entry: new URL('./main.js', import.meta.url),
      logFile: join(LOGS, 'seatbook.log'),
      environment: {
        SEATBOOK_APPLE_BASE_URL: `${appleUrl}/mdm/v2`,
        SEATBOOK_PUBLIC_URL: productUrl,
        SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
        ...process.env,
        SEATBOOK_DATA: PRODUCT_DATA,
        SEATBOOK_PORT: String(port),
      },
    }),
    'Seatbook',
  );
  let ownerKey: string | null = null;
  product.onMessage((message) => {
    if (typeof message['ownerKey'] === 'string') ownerKey = message['ownerKey'];
  });
  await product.told('ready');
  const text = welcome({
    product: productUrl,
    simulator: appleUrl,
    tokenFolder: relative('', SIMULATOR_DATA),
    dataFolder: DATA,
    logFolder: LOGS,
    ownerKey,
    keyChosen: (process.env['SEATBOOK_OWNER_KEY'] ?? '') !== '',
  });
  process.stdout.write(text);
  process.send?.({ listening: port, simulator: appleUrl, ownerKey });
}

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('disconnect', () => void stop(0));

start().catch((error: unknown) => {
  if (stopping) return;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  void stop(1);
});
