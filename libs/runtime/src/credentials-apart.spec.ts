import { keepsCredentialsApart } from './credentials-apart.js';

it.each([
  'esdb://db1:2113,db2:2113?tls=true',
  'mongodb://user:p%40ss%2Fw%3Ard@db:27017/seatbook?w=majority',
  'mongodb+srv://user:p:w$!@cluster.example/seatbook',
])('the credentials of %s are apart from its hosts', (address) => {
  expect(keepsCredentialsApart(address)).toBe(true);
});

it.each([
  'mongodb://user:p@ss@db:27017/seatbook',
  'mongodb://user:p@ss/word@db:27017/seatbook',
  'esdb://user:p?ss@db:2113?tls=true',
  'esdb://user:p#ss@db:2113',
])('a part of the password in %s would be taken for a host', (address) => {
  expect(keepsCredentialsApart(address)).toBe(false);
});
