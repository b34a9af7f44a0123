/** For mongosh: forms the replica set of three and makes the product's user. Does nothing where both are there. */
const { readFileSync } = require('node:fs');
const password = readFileSync('/run/secrets/mongodb-password', 'utf8').trim();

const signedIn = () => {
  try {
    return db.auth('seatbook', password).ok === 1;
  } catch {
    return false;
  }
};

if (signedIn()) quit(0);

// The first one, where this runs, becomes the primary before others may.
const members = [1, 2, 3].map((number) => ({
  _id: number - 1,
  host: `mongodb-${number}:27017`,
  priority: number === 1 ? 2 : 1,
}));
try {
  rs.initiate({ _id: 'seatbook', members });
} catch (error) {
  if (error.codeName !== 'AlreadyInitialized') throw error;
}
while (!db.hello().isWritablePrimary) sleep(500);
db.createUser({ user: 'seatbook', pwd: password, roles: [{ role: 'readWrite', db: 'seatbook' }] });
print('the replica set is there, and its user');
