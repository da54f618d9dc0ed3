import { type StudioMessageKey, t } from '../messages/studio.ts'

const known: Readonly<Record<string, StudioMessageKey>> = {
  fetch: 'stage.fetch',
  read: 'stage.read',
  renditions: 'stage.renditions',
  artwork: 'stage.artwork',
  publish: 'stage.publish'
}

/** A stage of the worker in words; one that this client doesn't know yet is shown as it is named. */
export function stageText (stage: string): string {
  const key = known[stage]
  return key === undefined ? stage : t(key)
}
