/** Events, secrets, directory, progress: everything that a rebuild cannot bring back. */
export const EVENTS_FILE = 'events.db';
/** Documents and snapshots: made from the events, may be deleted while nothing runs. */
export const VIEWS_FILE = 'views.db';
/** Contains nothing; it only exists to be locked. */
export const LOCK_FILE = 'lock.db';
/** Who holds the lock, for the message to a process that is refused. */
export const HOLDER_FILE = 'lock.json';
