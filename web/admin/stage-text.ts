import { type StudioMessageKey, t } from '../messages/studio.ts'

const known: Readonly<Record<string, StudioMessageKey>> = {
  fetch: 'stage.fetch',
  read: 'stage.read',
  renditions: 'stage.renditions',
  artwork: 'stage.artwork',
  publish: 'stage.publish'
}

const kinds: Readonly<Record<string, StudioMessageKey>> = { 'process-upload': 'kind.process-upload', 'backfill-track': 'kind.backfill-track' }

/** A stage of the worker in words; one that this client doesn't know yet is shown as it is named. */
export function stageText (stage: string): string {
  const key = known[stage]
  return key === undefined ? stage : t(key)
}

/** A kind of job, likewise. */
export function kindText (kind: string): string {
  const key = kinds[kind]
  return key === undefined ? kind : t(key)
}
