import type { Ids } from '@seatbook/kernel';
import type { Secrets } from '@seatbook/runtime';

const NAME = 'deployment/mdm-id';

/**
 * The id under which this deployment marks locations as its own. It must never change: with another one, our own
 * locations would look as if another MDM managed them. It is not a secret, but it is kept with the secrets in the log's
 * file, so that a backup of the log contains it too.
 */
export async function mdmIdOf(configured: string | null, secrets: Secrets, ids: Ids): Promise<string> {
  if (configured !== null) return configured;
  return secrets.putIfAbsent(NAME, ids.next());
}
