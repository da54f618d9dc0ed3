import type { Reader } from '../platform/database/database.ts'
import type { DatabaseAddress } from '../platform/database/database-address.ts'
import { openReplicaLink, ReplicaUnusableError } from '../platform/database/replica-link.ts'
import { createWriterPosition } from '../platform/database/written-position.ts'
import { readableBytes } from './readable.ts'

/** That it can be reached, replays, and replays this very database; and how far it is behind. */
export async function checkReplica (address: DatabaseAddress, writer: Reader): Promise<string> {
  const link = await openReplicaLink({ address, poolSize: 1, onLost: () => {} })
  try {
    const state = await link.state()
    const at = await createWriterPosition(writer)()
    if (!state.replaying) throw new Error('the server of DATABASE_REPLICA_URL is no replica; name one, or leave the setting out')
    if (state.cluster !== at.cluster) throw new Error('it is a replica of another database than that of DATABASE_URL')
    if (state.timeline !== at.timeline) throw new Error(`it is on timeline ${state.timeline}, the writer on ${at.timeline}: after a fail-over it has yet to follow, or must be made anew`)
    return `reachable, ${state.lsn >= at.flushedLsn ? 'up to date' : `${readableBytes(Number(at.flushedLsn - state.lsn))} of log behind`}`
  } finally {
    link.cut(new ReplicaUnusableError('the check is done'))
  }
}
