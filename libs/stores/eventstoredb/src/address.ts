import { EventStoreDBClient } from '@eventstore/db-client';
import { keepsCredentialsApart } from '@seatbook/runtime';

/** The connection string is not one. It is not repeated: it may hold a password. */
export class AddressInvalid extends Error {
  constructor(why: string) {
    super(`the address of EventStoreDB cannot be used: ${why}`);
    this.name = 'AddressInvalid';
  }
}

/**
 * A connection string with settings of ours behind those of the operator; the client takes the last of each.
 * @throws AddressInvalid
 */
export function addressWith(address: string, settings: Readonly<Record<string, string | number>>): string {
  if (!/^esdb(\+discover)?:\/\//.test(address)) {
    throw new AddressInvalid('it must begin with esdb:// or esdb+discover://');
  }
  if (!keepsCredentialsApart(address)) {
    throw new AddressInvalid(
      'what is special in its user or password must be percent-encoded, e.g. @ as %40',
    );
  }
  const trimmed = address.trim().replace(/\/+$/, '');
  const more = Object.entries(settings).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${trimmed}${trimmed.includes('?') ? '&' : '?'}${more.join('&')}`;
}

/**
 * A client for an address.
 * @throws AddressInvalid
 */
export function clientOf(address: string): EventStoreDBClient {
  // The client warns of a keepalive below ten seconds at each start. It is wanted: a server that hangs is to be noticed.
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return EventStoreDBClient.connectionString(address);
  } catch (error) {
    // The client's own message shows the whole address.
    const known = error instanceof Error && /^(Failed to load|userCertFile)/.test(error.message);
    throw new AddressInvalid(known ? error.message : 'its form is esdb://user:password@host:2113?tls=true');
  } finally {
    console.warn = warn;
  }
}
