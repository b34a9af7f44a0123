import { MongoClient, type MongoClientOptions } from 'mongodb';
import { keepsCredentialsApart } from '@seatbook/runtime';

/** The connection string is not one. It is not repeated: it may hold a password. */
export class AddressInvalid extends Error {
  constructor(why: string) {
    super(`the address of MongoDB cannot be used: ${why}`);
    this.name = 'AddressInvalid';
  }
}

/**
 * A client for an address, not connected yet.
 * @throws AddressInvalid
 */
export function clientOf(url: string, options: MongoClientOptions): MongoClient {
  if (!keepsCredentialsApart(url))
    throw new AddressInvalid(
      'what is special in its user or password must be percent-encoded, e.g. @ as %40',
    );
  try {
    return new MongoClient(url, options);
  } catch (error) {
    // Of what the driver says, only names of options are sure to be no secret.
    const [option] = /^options? [\w, ]+ (?:is|are) not supported$/.exec((error as Error).message) ?? [];
    throw new AddressInvalid(option ?? 'its form is mongodb://user:password@host:27017/database');
  }
}
