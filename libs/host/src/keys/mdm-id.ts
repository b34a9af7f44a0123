import type { Ids } from '@seatbook/kernel';
import type { Secrets } from '@seatbook/runtime';

const NAME = 'deployment/mdm-id';

/**
 * The id under which this deployment marks locations as its own. It must stay the same for ever: with another one, our
 * own locations would look as if another MDM managed them. It is no secret, but it lives with the secrets in the log's
 * file, so that a backup of the log holds it too.
 */
export async function mdmIdOf(configured: string | null, secrets: Secrets, ids: Ids): Promise<string> {
  if (configured !== null) return configured;
  return secrets.putIfAbsent(NAME, ids.next());
}
