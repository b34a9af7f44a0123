import 'reflect-metadata';
import { SeatbookHost, requireServers, runProgram, type ProgramContext } from '@seatbook/host';
import { Product } from '@seatbook/nest';

/** The edge half alone: commands in, queries and history out. Any number of them, beside any number of workers. */
async function start({ configuration, log, running }: ProgramContext): Promise<void> {
  requireServers(configuration);
  const host = await SeatbookHost.open({ configuration, log, views: 'inline' }, 'edge');
  await Product.serve(host, {
    listening(product) {
      running(product);
      log.info({ host: configuration.http.host, port: product.port }, 'listening');
    },
  });
  log.info('ready');
}

runProgram(start);
