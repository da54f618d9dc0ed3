import { type MessageKey, t } from '../messages/messages.ts'

const known: Readonly<Record<string, MessageKey>> = {
  receive: 'stage.receive',
  hash: 'stage.hash',
  probe: 'stage.probe',
  read: 'stage.probe',
  tags: 'stage.tags',
  loudness: 'stage.loudness',
  decode: 'stage.loudness',
  renditions: 'stage.renditions',
  encode: 'stage.renditions',
  waveform: 'stage.waveform',
  artwork: 'stage.artwork',
  publish: 'stage.publish'
}

/** A stage of the worker in words; one that this client doesn't know yet is shown as it is named. */
export function stageText (stage: string): string {
  const key = known[stage]
  return key === undefined ? stage : t(key)
}
