import { randomUUID } from 'node:crypto'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import type { Artefact, ArtworkImageFile, Loudness, NewArtwork, ProcessedArtwork, ProcessedTrack, RenditionFile, WaveformFile } from './processors/processed-track.ts'

export type Stored<T extends Artefact> = T & { readonly key: string }

/** The sound of a track, in the store under the prefix of one attempt. */
export interface StoredAudio {
  readonly renditions: ReadonlyArray<Stored<RenditionFile>>
  readonly waveform: Stored<WaveformFile>
  readonly loudness: Loudness
  readonly durationMs: number
}

export type StoredArtwork =
  | Omit<NewArtwork, 'images'> & { readonly id: string, readonly images: ReadonlyArray<Stored<ArtworkImageFile>> }
  | Exclude<ProcessedArtwork, NewArtwork>

const waveformName = 'waveform.bin'

/** Puts renditions and waveform under a prefix of their own, so that no attempt can spoil another one's. */
export async function storeAudio (store: ObjectStore, trackId: string, { renditions, waveform, loudness, probe }: ProcessedTrack): Promise<StoredAudio> {
  const prefix = `media/${trackId}/${randomUUID()}/`
  return {
    renditions: await Promise.all(renditions.map((file) => put(store, `${prefix}${file.name}.mp4`, file))),
    waveform: await put(store, `${prefix}${waveformName}`, waveform),
    loudness,
    durationMs: probe.durationMs
  }
}

/** @param id of the artwork, known or to be */
export async function storeArtwork (store: ObjectStore, id: string, artwork: ProcessedArtwork): Promise<StoredArtwork> {
  if (artwork?.kind !== 'new') return artwork
  const prefix = `media/artwork/${id}/${randomUUID()}/`
  return { ...artwork, id, images: await Promise.all(artwork.images.map((image) => put(store, `${prefix}${image.sizePx}.${image.format}`, image))) }
}

async function put<T extends Artefact> (store: ObjectStore, key: string, file: T): Promise<Stored<T>> {
  // The type of the object is without codecs, as caches and browsers want it.
  await store.putFile(key, file.path, { contentType: contentTypeOf(file), sha256: file.sha256 })
  return { ...file, key }
}

export function contentTypeOf ({ mimeType }: Pick<Artefact, 'mimeType'>): string {
  return mimeType.split(';')[0] ?? mimeType
}
