import { lazy } from './lazy.ts'

/** The parts of the client that are shown as a whole, by who is there. */
export const parts = {
  frame: async () => await lazy(() => import('./frame.svelte')),
  signIn: async () => await lazy(() => import('../accounts/sign-in.svelte')),
  setup: async () => await lazy(() => import('../accounts/setup.svelte'))
}
