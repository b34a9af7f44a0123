import 'reflect-metadata';
import { LogFile, createLog, errorFacts, readConfiguration, unknownVariables } from '@seatbook/host';
import { Product } from '@seatbook/nest';
import type { ToParent } from './to-parent.js';

/** A problem of the environment, not of the program: shown without a stack. */
function fail(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Seatbook cannot start: ${reason}\n`);
  process.exit(1);
}

function tell(message: ToParent): void {
  process.send?.(message);
}

/** The key is shown to the user who starts the product, at each start until it is used, and never logged. */
function sayOwnerKey(key: string): void {
  if (process.send) {
    tell({ ownerKey: key });
    return;
  }
  process.stdout.write(
    `\nThe owner key, shown until it is first used. Keep it; send it as "Authorization: Bearer …":\n\n  ${key}\n\n`,
  );
}

async function main(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const { level, file } = configuration.log;
  const log = createLog(level, file === null ? undefined : new LogFile(file));
  for (const variable of unknownVariables(process.env)) {
    log.warn({ variable }, 'this version has no such setting');
  }
  let product: Product | null = null;
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) {
      log.warn({ why }, 'ended at once');
      process.exit(1);
    }
    stopping = true;
    log.info({ why }, 'shutting down');
    const { shutdownMs } = configuration.http;
    setTimeout(() => {
      log.error({ shutdownMs }, 'the shutdown took too long and was aborted');
      process.exit(1);
    }, shutdownMs).unref();
    void (product?.stop() ?? Promise.resolve())
      .then(() => {
        log.info('stopped');
        process.exit(0);
      })
      .catch((error: unknown) => {
        log.error(errorFacts(error), 'the shutdown failed');
        process.exit(1);
      });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // The process that forked us has ended.
  process.on('disconnect', () => stop('disconnect'));

  const started = await Product.start(
    { configuration, log, views: 'worker' },
    {
      opened({ ownerKey }) {
        if (ownerKey.unused !== null) sayOwnerKey(ownerKey.unused);
      },
      listening(listening) {
        product = listening;
        log.info({ host: configuration.http.host, port: listening.port }, 'listening');
        tell({ listening: listening.port });
      },
    },
  );
  log.info({ position: await started.host.stores.events.head() }, 'ready');
  tell({ ready: true });
}

main().catch(fail);
