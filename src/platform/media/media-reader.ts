/** Reads tags and pictures of hostile files in children that are killed when they take too long or too much. */
export interface MediaReader {
  close(): Promise<void>
}
