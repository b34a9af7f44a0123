import 'reflect-metadata';
import { runProgram, type HostOptions, type ProgramContext } from '@seatbook/host';
import type { Product } from '@seatbook/nest';
import type { ToParent } from './to-parent.js';
import { untilViewsDamaged } from './until-views-damaged.js';

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

async function sayReady({ host }: Product): Promise<void> {
  host.log.info({ position: await host.stores.events.head() }, 'ready');
  tell({ ready: true });
}

/** The whole product in one process: both halves, on the embedded store unless servers are configured. */
async function start({ configuration, log, running }: ProgramContext): Promise<never> {
  const { http, owner } = configuration;
  let port = http.port;
  let options: HostOptions = { configuration, log, views: 'worker' };
  for (;;) {
    await untilViewsDamaged(options, {
      opened({ ownerKey }) {
        if (ownerKey.unused !== null) sayOwnerKey(ownerKey.unused);
      },
      listening(product) {
        running(product);
        port = product.port;
        log.info({ host: http.host, port }, 'listening');
        tell({ listening: port });
      },
      ready: sayReady,
      damaged(reason) {
        log.error({ reason }, 'the views are damaged: Seatbook starts again and rebuilds them from the log');
      },
    });
    // What a start has made is kept by the next: the address, and a key that somebody may have noted.
    const kept = { ...configuration, http: { ...http, port }, owner: { ...owner, resetKey: false } };
    options = { ...options, configuration: kept };
  }
}

runProgram(start);
