import type { User as UserRow } from '../generated/prisma/client.ts'
import type { User } from './schemas.ts'

/** What others may see of a user: never the hash. */
export function shownUser ({ id, username, displayName, role, disabledAt, createdAt }: UserRow): User {
  return { id, username, displayName, role, disabled: disabledAt !== null, createdAt: createdAt.toISOString() }
}
