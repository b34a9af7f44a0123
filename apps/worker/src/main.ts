import { SeatbookHost, requireServers, runProgram, type ProgramContext } from '@seatbook/host';
import { Probes } from './probes.js';

/** The worker half alone: read models, reactions, planning and calls to Apple. Any number of them share the work. */
async function start({ configuration, log, running }: ProgramContext): Promise<void> {
  requireServers(configuration);
  const host = await SeatbookHost.open({ configuration, log, views: 'inline' }, 'worker');
  const probes = new Probes(host);
  running({
    async stop() {
      await probes.close();
      await host.stop();
    },
  });
  log.info({ host: configuration.http.host, port: await probes.listen(configuration.http) }, 'listening');
  await host.start();
  log.info('ready');
}

runProgram(start);
