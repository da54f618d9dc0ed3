import type { Queue } from './queue.ts'

/** Whether the entry with this key plays beside another track of its album, in the album's order: then their differences in level are meant. */
export function isAlbumInRow ({ entries, shuffled }: Pick<Queue, 'entries' | 'shuffled'>, key: string): boolean {
  const index = entries.findIndex((entry) => entry.key === key)
  const album = entries[index]?.track.album.id
  if (shuffled || album === undefined) return false
  return [index - 1, index + 1].some((beside) => entries[beside]?.track.album.id === album)
}
