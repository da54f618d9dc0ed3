let waiting = $state.raw<ServiceWorker | null>(null)

/** Whether a newer version of the client stands ready, and the worker that has it. */
export const shell = {
  get updateReady () { return waiting !== null },
  get waiting () { return waiting },
  set waiting (worker) { waiting = worker }
}
