import type { Transaction } from '../platform/database/database.ts'

/**
 * Lets the failed jobs of these uploads begin anew, with all their attempts: for an import that is run again, or a
 * curator, which the caller then notes in the audit log. The relay sends them.
 */
export async function retryUploads (tx: Pick<Transaction, '$executeRaw'>, uploadIds: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    WITH retried AS (
       UPDATE job SET state = 'waiting', attempts = 0, not_before = now(), sent_at = NULL, finished_at = NULL, error_code = NULL, last_error = NULL
       WHERE upload_id = ANY(${[...uploadIds]}::uuid[]) AND state = 'failed' RETURNING upload_id)
     UPDATE upload SET reason_code = NULL, reason = NULL, updated_at = now() FROM retried
     WHERE upload.id = retried.upload_id AND upload.state = 'received'`
}
