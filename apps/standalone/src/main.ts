import 'reflect-metadata';
import { runProgram, type ProgramContext } from '@seatbook/host';
import { Product } from '@seatbook/nest';
import type { ToParent } from './to-parent.js';

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

/** The whole product in one process: both halves, on the embedded store unless servers are configured. */
async function start({ configuration, log, running }: ProgramContext): Promise<void> {
  const { host } = await Product.start(
    { configuration, log, views: 'worker' },
    {
      opened({ ownerKey }) {
        if (ownerKey.unused !== null) sayOwnerKey(ownerKey.unused);
      },
      listening(product) {
        running(product);
        log.info({ host: configuration.http.host, port: product.port }, 'listening');
        tell({ listening: product.port });
      },
    },
  );
  log.info({ position: await host.stores.events.head() }, 'ready');
  tell({ ready: true });
}

runProgram(start);
