import type { Random } from '@seatbook/kernel';

/** Ids of our commands at the MDM server begin with one of these words, so that other tools' are told apart. */
export type CommandPurpose = 'install' | 'list' | 'facts' | 'profile';

/** A fresh id for a command: 100 random bits, since a server keeps ids for ever. */
export function newCommandUuid(purpose: CommandPurpose, random: Random): string {
  let digits = '';
  while (digits.length < 25) digits += Math.floor(random() * 16).toString(16);
  return `seatbook-${purpose}-${digits}`;
}

export const isOurs = (uuid: string): boolean => uuid.startsWith('seatbook-');

const FOR_OTHERS = '-others';

/** Of the part of a command that goes to those of its devices which cannot take it as it is. */
export const commandForOthers = (uuid: string): string => `${uuid}${FOR_OTHERS}`;

/** The command that an answer is to, whichever part of it the device had. */
export const commandAnswered = (uuid: string): string =>
  uuid.endsWith(FOR_OTHERS) ? uuid.slice(0, -FOR_OTHERS.length) : uuid;
