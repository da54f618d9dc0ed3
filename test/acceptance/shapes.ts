import type { Static } from 'typebox'
import type * as accounts from '../../src/accounts/schemas.ts'

// Answers whose schemas have no type of their own in the server.
export type CreatedApiToken = Static<typeof accounts.CreatedApiToken>
export type Sessions = Static<typeof accounts.Sessions>
