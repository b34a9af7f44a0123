/** Names and numbers of hosts, as drivers, resolvers and certificates write them. */
const ADDRESSES: readonly RegExp[] = [
  /(?<=\b(?:ENOTFOUND|EAI_AGAIN|ENODATA) )[\w.-]+/g,
  /(?<=\b(?:Host|DNS|IP Address): ?)[\w.*:-]+/g,
  /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g,
  /\[?\b[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}\]?(?::\d+)?|::1(?::\d+)?/gi,
  /\b[a-z\d](?:[\w.-]*\w)?:\d{2,5}\b/gi,
];

/** What a driver says of its server, for those who may know what is wrong and not where it is. */
export const withoutAddresses = (message: string): string =>
  ADDRESSES.reduce((text, address) => text.replace(address, '…'), message);
