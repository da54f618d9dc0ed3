/** What the engine tells the mixer on the audio thread. Places are samples of the track, lengths frames of the output. */
export type MixerCommand =
  | { readonly kind: 'open', readonly voice: number, readonly gain: number, readonly samplesPerFrame: number }
  | { readonly kind: 'pcm', readonly voice: number, readonly at: number, readonly planes: ReadonlyArray<Float32Array<ArrayBuffer>> }
  | { readonly kind: 'end', readonly voice: number }
  | { readonly kind: 'empty', readonly voice: number }
  | { readonly kind: 'drop', readonly voice: number }
  | { readonly kind: 'gain', readonly voice: number, readonly gain: number }
  | { readonly kind: 'take', readonly voice: number | null }
  | { readonly kind: 'follow', readonly voice: number | null, readonly fadeFrames: number }
  | { readonly kind: 'run', readonly running: boolean }

/** What the mixer tells. `time` is the context's at the sample `at`. */
export type MixerReport =
  | { readonly kind: 'at', readonly voice: number, readonly at: number, readonly time: number, readonly queuedFrames: number, readonly followingFrames: number }
  | { readonly kind: 'sounding', readonly voice: number }
  | { readonly kind: 'dry', readonly voice: number }
  | { readonly kind: 'joined', readonly voice: number }
  | { readonly kind: 'ended', readonly voice: number }
