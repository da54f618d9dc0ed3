/** The one way to ffmpeg. */
export interface Ffmpeg {
  readonly path: string
  readonly version: string
}
