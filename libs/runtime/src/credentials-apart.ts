/**
 * Whether the address of a server keeps its credentials apart from its hosts. What is special in a user or a password and
 * not percent-encoded makes drivers take a part of the password for a host, and hosts are in error messages.
 */
export function keepsCredentialsApart(address: string): boolean {
  const rest = address.slice(address.indexOf('://') + '://'.length);
  const at = rest.lastIndexOf('@');
  return at < 0 || !/[/?#@[\]]/.test(rest.slice(0, at));
}
