/** A browser with one page, as the player's proofs use it: the same for all engines. */
export interface ProofBrowser {
  /** With its version. */
  readonly name: string
  open (url: string): Promise<void>
  /** As a person would: what asks for a gesture gets one. */
  click (selector: string): Promise<void>
  /** Runs an async function's body in the page; what it returns must be JSON. */
  run<T> (body: string): Promise<T>
  close (): Promise<void>
}
