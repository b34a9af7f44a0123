import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceServer } from '@seatbook/simulator';
import { eventually } from '@seatbook/test-support/eventually';

const CERTIFICATE = 'X-Client-Cert';
/** Certificates are needed for as long as a test runs. */
const DAYS = '2';

export interface RealNanoMdmOptions {
  /** The program. */
  readonly program: string;
  readonly port: number;
  readonly apiKey: string;
  readonly webhookUrl: string;
  readonly webhookKey: string;
}

/** NanoMDM itself, as a process of its own that keeps all in memory, with an authority that devices have their identity from. */
export class RealNanoMdm {
  readonly #folder = mkdtempSync(join(tmpdir(), 'seatbook-nanomdm-'));
  #process: ChildProcess | null = null;
  #log = '';

  private constructor(private readonly options: RealNanoMdmOptions) {}

  static async start(options: RealNanoMdmOptions): Promise<RealNanoMdm> {
    const server = new RealNanoMdm(options);
    server.#certificate('ca', 'Authority of the test');
    server.#spawn();
    try {
      await eventually('NanoMDM answers', async () => (await fetch(`${server.url}/version`)).ok, 20_000);
    } catch (error) {
      await server.stop();
      throw new Error(`NanoMDM did not start: ${server.#log}`, { cause: error });
    }
    return server;
  }

  #spawn(): void {
    const { program, port, apiKey, webhookUrl, webhookKey } = this.options;
    const flags = {
      '-listen': `127.0.0.1:${port}`,
      '-api': apiKey,
      '-ca': join(this.#folder, 'ca.pem'),
      '-cert-header': CERTIFICATE,
      '-storage': 'inmem',
      // Every storage wants one, also an empty one.
      '-storage-dsn': '',
      '-webhook-url': webhookUrl,
      '-webhook-hmac-key': webhookKey,
    };
    this.#process = spawn(program, Object.entries(flags).flat(), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running?.exitCode === null && running.signalCode === null) {
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill();
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The server as one device sees it, which has an identity of its own. */
  asSeenBy(udid: string): DeviceServer {
    const certificate = encodeURIComponent(this.#certificate(udid, udid));
    const put = async (body: string, kind: string): Promise<string> => {
      const headers = { [CERTIFICATE]: certificate, 'content-type': `application/x-apple-aspen-${kind}` };
      const response = await fetch(`${this.url}/mdm`, { method: 'PUT', headers, body });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`the MDM server answered HTTP ${response.status}`);
      return text;
    };
    return {
      checkIn: async (body) => void (await put(body, 'mdm-checkin')),
      connect: (body) => put(body, 'mdm'),
    };
  }

  /** In PEM; all but the authority's own are issued by it. */
  #certificate(name: string, subject: string): string {
    const file = join(this.#folder, `${name}.pem`);
    const authority = join(this.#folder, 'ca');
    const issued = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`];
    const extensions = ['-addext', 'extendedKeyUsage=clientAuth'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-keyout', join(this.#folder, `${name}.key`), '-out', file];
    const more = name === 'ca' ? [] : [...issued, ...extensions];
    execFileSync(
      'openssl',
      ['req', '-x509', ...key, ...out, '-subj', `/CN=${subject}`, '-days', DAYS, ...more],
      {
        stdio: 'pipe',
      },
    );
    return readFileSync(file, 'utf8');
  }
}
