import { createHash } from 'node:crypto';
import type { Version } from './version.js';

export type UserStatus = 'Registered' | 'Associated' | 'Retired';

/** One record of a person at Apple. */
export interface User {
  /** Unique in a location, in order of creation. */
  readonly record: number;
  readonly clientUserId: string;
  email: string | undefined;
  managedAppleId: string | undefined;
  status: UserStatus;
  readonly inviteCode: string;
  /** Known once an Apple Account is or was linked. */
  idHash: string | undefined;
  /** The counter of the users' version that changed it last. */
  change: number;
}

/** Equal for equal Apple Accounts; 28 characters as Apple's. */
export function idHashOf(account: string): string {
  return createHash('sha1').update(account.toLowerCase()).digest('base64');
}

/** A user on the wire. `inviteCode` is shown only while Registered. */
export function userBody(user: User): Record<string, unknown> {
  return {
    clientUserId: user.clientUserId,
    ...(user.email === undefined ? {} : { email: user.email }),
    ...(user.idHash === undefined ? {} : { idHash: user.idHash }),
    ...(user.status === 'Registered' ? { inviteCode: user.inviteCode } : {}),
    status: user.status,
  };
}

/** The users of one location: any number of retired records and at most one active one per `clientUserId`. */
export class UserRegistry {
  private readonly records: User[] = [];
  private readonly active = new Map<string, User>();
  /** Active users by linked Managed Apple Account, lower-case. */
  private readonly accounts = new Map<string, User>();

  constructor(private readonly version: Version) {}

  /** All records, retired ones included, in order of creation. */
  get all(): readonly User[] {
    return this.records;
  }

  find(clientUserId: string): User | undefined {
    return this.active.get(clientUserId);
  }

  /** The active user that an account is linked to. */
  holderOf(managedAppleId: string): User | undefined {
    return this.accounts.get(managedAppleId.toLowerCase());
  }

  /** Adds an active record. There must be no active one with this id. */
  create(clientUserId: string, email: string | undefined, inviteCode: string): User {
    const user: User = {
      record: this.records.length + 1,
      clientUserId,
      email,
      managedAppleId: undefined,
      status: 'Registered',
      inviteCode,
      idHash: undefined,
      change: this.version.bump(),
    };
    this.records.push(user);
    this.active.set(clientUserId, user);
    return user;
  }

  setEmail(user: User, email: string): void {
    user.email = email;
    user.change = this.version.bump();
  }

  /** Links a Managed Apple Account, which needs no invite. */
  linkManaged(user: User, managedAppleId: string): void {
    if (user.managedAppleId !== undefined) this.accounts.delete(user.managedAppleId.toLowerCase());
    user.managedAppleId = managedAppleId;
    this.accounts.set(managedAppleId.toLowerCase(), user);
    this.associate(user, managedAppleId);
  }

  /** The person signed in with an account of any kind and accepted. */
  associate(user: User, account: string): void {
    user.status = 'Associated';
    user.idHash = idHashOf(account);
    user.change = this.version.bump();
  }

  retire(user: User): void {
    this.active.delete(user.clientUserId);
    if (user.managedAppleId !== undefined) this.accounts.delete(user.managedAppleId.toLowerCase());
    user.status = 'Retired';
    user.change = this.version.bump();
  }
}
