import { withoutAddresses } from './without-addresses.js';

it.each([
  ['connect ECONNREFUSED 127.0.0.1:27017', 'connect ECONNREFUSED …'],
  ['connect ECONNREFUSED ::1:27017', 'connect ECONNREFUSED …'],
  ['connect EHOSTUNREACH fd00:1::a:2113 - Local (fd00:1::b:0)', 'connect EHOSTUNREACH … - Local (…)'],
  ['getaddrinfo ENOTFOUND mongodb-1', 'getaddrinfo ENOTFOUND …'],
  ['connection 3 to 10.0.0.7:27017 closed', 'connection 3 to … closed'],
  ['Name resolution failed for target dns:db.example.com:2113', 'Name resolution failed for target dns:…'],
  [
    "Hostname/IP does not match certificate's altnames: Host: db-1. is not in the cert's altnames: DNS:*.example.com",
    "Hostname/IP does not match certificate's altnames: Host: … is not in the cert's altnames: DNS:…",
  ],
])('%s', (said, shown) => {
  expect(withoutAddresses(said)).toBe(shown);
});

it.each([
  'Server selection timed out after 200 ms',
  'E11000 duplicate key error collection: seatbook.persons index: uId_1 dup key: { uId: "7700" }',
  'EventStoreDB did not answer within 5000 ms',
])('leaves alone what names no host: %s', (said) => {
  expect(withoutAddresses(said)).toBe(said);
});
