import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ChildProgram } from './child-program.js';
import { watchParent } from './parent-watch.js';
import { freePort } from './port.js';
import { AlreadyRunning, RunningStart } from './running-start.js';
import { SimulatedApple } from './simulated-apple.js';
import { welcome } from './welcome.js';

/** One command for newcomers: the product and a simulated Apple, each in a process of its own, all data in ./data. */
const DATA = 'data';
const LOGS = join(DATA, 'logs');
const SIMULATOR_DATA = process.env['SIMULATOR_DATA'] ?? join(DATA, 'simulator');
const PRODUCT_DATA = process.env['SEATBOOK_DATA'] ?? join(DATA, 'seatbook');
const SEATBOOK_LOG = process.env['SEATBOOK_LOG_FILE'] ?? join(LOGS, 'seatbook.log');
const HOST = '127.0.0.1';

const programs: ChildProgram[] = [];
let apple: SimulatedApple | null = null;
let running: RunningStart | null = null;
let stopping = false;

/** The product first: it may still be talking to Apple. */
async function stop(code: number): Promise<never> {
  if (stopping) {
    for (const program of programs) program.endAtOnce();
    running?.release();
    process.exit(1);
  }
  stopping = true;
  const [simulator, product] = programs;
  await product?.stop();
  await apple?.stopSaving();
  await simulator?.stop();
  running?.release();
  process.exit(code);
}

function run(program: ChildProgram): ChildProgram {
  programs.push(program);
  void program.ended.then((code) => {
    if (!program.failed || stopping) return;
    process.stderr.write(`${program.name} has ended (${code ?? 'killed'}); its log is ${program.logFile}\n`);
    void stop(1);
  });
  return program;
}

/** The folders that a start writes to, those that contain others first. @throws Error saying which it may not write to */
function createFolders(): void {
  const refused = (sentence: string, advice: string, cause: unknown): Error =>
    new Error(`${sentence} (${(cause as NodeJS.ErrnoException).code}). ${advice}`, { cause });
  for (const folder of [DATA, LOGS, SIMULATOR_DATA]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      const advice = `Start as a user who may write to ${process.cwd()}.`;
      throw refused(`The folder ${folder} cannot be created`, advice, error);
    }
    try {
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw refused(`The folder ${folder} cannot be written to`, 'Start as the user who owns it.', error);
    }
  }
}

/**
 * Settings for the MDM server of the simulator, which has devices to be rolled out to. Where another one is configured,
 * that is used.
 */
async function simulatedDevices(appleUrl: string, productUrl: string): Promise<NodeJS.ProcessEnv> {
  if ((process.env['SEATBOOK_NANO_MDM_URL'] ?? '') !== '') return {};
  const [apiKey, webhookKey] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
  const settings = { apiKey, webhookKey, webhookUrl: `${productUrl}/mdm/webhook` };
  const body = JSON.stringify(settings);
  const answer = await fetch(`${appleUrl}/admin/devices/mdm`, { method: 'POST', body });
  if (!answer.ok)
    throw new Error(`the simulator did not take the settings of its MDM server: ${answer.status}`);
  return {
    SEATBOOK_NANO_MDM_URL: `${appleUrl}/nanomdm`,
    SEATBOOK_NANO_MDM_API_KEY: apiKey,
    SEATBOOK_NANO_MDM_WEBHOOK_KEY: webhookKey,
    // Newcomers assign to devices that nobody has enrolled.
    SEATBOOK_NANO_MDM_REQUIRE_ENROLLED: 'false',
  };
}

async function start(): Promise<void> {
  createFolders();
  running = await RunningStart.take(join(DATA, 'start.json'));
  const simulatorPort = await freePort(process.env['SIMULATOR_PORT'] ?? '3999', HOST, 'SIMULATOR_PORT');
  const port = await freePort(process.env['SEATBOOK_PORT'] ?? '3000', HOST, 'SEATBOOK_PORT');
  const earlierTokens = SimulatedApple.earlierTokens(SIMULATOR_DATA);
  const simulator = run(
    new ChildProgram({
      name: 'The simulated Apple',
      entry: new URL('../../simulator/dist/main.js', import.meta.url),
      logFile: join(LOGS, 'simulator.log'),
      log: 'output',
      environment: {
        ...process.env,
        SIMULATOR_HOST: HOST,
        SIMULATOR_PORT: simulatorPort,
        SIMULATOR_DATA,
        SIMULATOR_SCENARIO: 'demo',
        SIMULATOR_ALLOW_HTTP_CALLBACKS: 'true',
      },
    }),
  );
  const appleUrl = `http://${HOST}:${await simulator.says<number>('listening')}`;
  apple = new SimulatedApple(appleUrl, SIMULATOR_DATA);
  await apple.restore(earlierTokens);
  apple.startSaving();

  const productUrl = `http://${HOST}:${port}`;
  const devices = await simulatedDevices(appleUrl, productUrl);
  const product = run(
    new ChildProgram({
      name: 'Seatbook',
      entry: new URL('./main.js', import.meta.url),
      logFile: SEATBOOK_LOG,
      log: 'file',
      environment: {
        SEATBOOK_APPLE_BASE_URL: `${appleUrl}/mdm/v2`,
        SEATBOOK_PUBLIC_URL: productUrl,
        SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
        ...devices,
        ...process.env,
        SEATBOOK_DATA: PRODUCT_DATA,
        SEATBOOK_PORT: port,
        SEATBOOK_LOG_FILE: SEATBOOK_LOG,
      },
    }),
  );
  let ownerKey: string | null = null;
  product.onMessage((message) => {
    if (typeof message['ownerKey'] === 'string') ownerKey = message['ownerKey'];
  });
  await product.says('ready');
  running.listening(productUrl);
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
  process.send?.({ listening: Number(port), simulator: appleUrl, ownerKey });
}

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('disconnect', () => void stop(0));
// Who forked us may have ended before we were loaded.
if (process.send && !process.connected) process.exit();

if (process.env['npm_lifecycle_event'] === 'start') watchParent(() => void stop(0));

start().catch((error: unknown) => {
  // A program that ended has already been reported.
  if (stopping) return;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  void stop(error instanceof AlreadyRunning ? 2 : 1);
});
