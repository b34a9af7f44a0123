/** Events, secrets, directory, progress: what no rebuild can bring back. */
export const EVENTS_FILE = 'events.db';
/** Documents and snapshots: made from the events, may be deleted while nothing runs. */
export const VIEWS_FILE = 'views.db';
/** Holds nothing: its lock is what it is for. */
export const LOCK_FILE = 'lock.db';
/** Who holds the lock, for the message to whom is refused. */
export const HOLDER_FILE = 'lock.json';
